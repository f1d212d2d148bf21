"""The command `salver tune`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from salver.ctl.client import Address, AdminClient
from salver.ctl.options import address_option
from salver.profile import Profile
from salver.terminal.names import read_name
from salver.terminal.options import (
    concurrency_option,
    duration_option,
    input_option,
    json_option,
    length_option,
    output_option,
    rate_option,
    read_input,
    signature_option,
    target_p99_option,
    version_option,
)
from salver.terminal.output_file import write_output
from salver.terminal.program import HELP_OPTIONS, Program, run
from salver.terminal.ranges import WholeNumber
from salver.terminal.screen import print_view
from salver.tune.advice import Advice, advise
from salver.tune.goal import Goal
from salver.tune.parameters_text import parameters_text
from salver.tune.profile_document import ask_for_profile, encoded_input
from salver.tune.trials import Trials
from salver.tune.view import advice_view, setting

MAX_DURATION_S = 120.0
"""Longest that a server measures."""


@click.command(cls=Program, context_settings=HELP_OPTIONS)
@click.argument("model", type=read_name)
@address_option
@rate_option("Requests in a second that are to come.")
@concurrency_option("In its place: clients that wait for each answer.")
@target_p99_option("What 99 of 100 requests may take at most.")
@click.option("--max-batch-size", type=WholeNumber(min=1), help="Rows of the largest batch to be tried.")
@version_option("The version to be profiled; by default the highest that serves.")
@signature_option("The signature to be profiled; by default serving_default, or the only one.")
@input_option("FILE.npy", "Rows of an input")
@length_option
@duration_option(10.0, "Longest that the model is measured.", max_s=MAX_DURATION_S)
@output_option("Write the advised parameters to this file as well.")
@json_option("Print profile and advice in JSON.")
def tune(model: str, address: Address, output: str | None, *, as_json: bool, **options: Any) -> None:
    """Profile MODEL, which a server has loaded, and say how to batch it.

    The server runs the model itself, with batches of growing size. The loads are then simulated: by the server's own
    scheduler, on the times that were measured, without what network and decoding take.
    """
    if options["rate"] is not None and options["concurrency"] is not None:
        raise click.UsageError("--rate and --concurrency exclude each other")
    profile = ask_for_profile(AdminClient(address), model, _wanted(options))
    advice = _advice(profile, _goal(options))
    text = parameters_text(profile.model, advice.policy, _comments(profile, advice))
    if as_json:
        click.echo(json.dumps(_document(profile, advice, text), indent=2))
    else:
        _show(profile, advice, text)
    if output is not None:
        write_output(output, text.encode())


def _wanted(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request for a profile."""
    wanted = {name: options[name] for name in ("version", "signature", "max_batch_size", "length")}
    return wanted | {"limit_s": options["duration_s"], "inputs": _encoded(options["inputs"])}


def _encoded(inputs: Iterable[str]) -> dict[str, str]:
    encoded = {}
    for item in inputs:
        name, path = read_input(item, "FILE.npy")
        encoded[name] = encoded_input(name, path)
    return encoded


def _goal(options: Mapping[str, Any]) -> Goal:
    target_ms = options["target_p99_ms"]
    return Goal(
        requests_per_s=options["rate"],
        num_clients=options["concurrency"],
        target_p99_s=None if target_ms is None else target_ms / 1e3,
    )


def _advice(profile: Profile, goal: Goal) -> Advice:
    from salver.dataplane import capacity, simulate

    return advise(profile, Trials(profile, simulate, capacity), goal)


def _comments(profile: Profile, advice: Advice) -> tuple[str, ...]:
    return (f"Advised by salver tune for {profile.model} version {profile.version}: {setting(advice.policy)}.",)


def _document(profile: Profile, advice: Advice, text: str) -> dict[str, Any]:
    return {"profile": asdict(profile), "advice": asdict(advice), "batching_parameters_file": text}


def _show(profile: Profile, advice: Advice, text: str) -> None:
    print_view(advice_view(profile, advice))
    click.echo(f"\n{text}", nl=False)


def main(arguments: Sequence[str]) -> int:
    """Run `salver tune` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    return run(tune, "salver tune", arguments)
