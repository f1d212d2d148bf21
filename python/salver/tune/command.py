"""The command `salver tune`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from salver.ctl.client import Address, AdminClient
from salver.ctl.options import address_option
from salver.errors import InvalidArgumentError
from salver.profile import Profile
from salver.terminal.program import HELP_OPTIONS, Program, run
from salver.tune.advice import Advice, advise
from salver.tune.goal import Goal
from salver.tune.parameters_text import parameters_text
from salver.tune.profile_document import ask_for_profile, encoded_input
from salver.tune.trials import Trials
from salver.tune.view import advice_view, setting


@click.command(cls=Program, context_settings=HELP_OPTIONS)
@click.argument("model")
@address_option
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Requests in a second that are to come.")
@click.option("--clients", type=click.IntRange(min=1), help="In its place: clients that wait for each answer.")
@click.option(
    "--target-p99-ms", type=click.FloatRange(min=0, min_open=True), help="What 99 of 100 requests may take at most."
)
@click.option("--max-batch-size", type=click.IntRange(min=1), help="Rows of the largest batch to be tried.")
@click.option("--version", type=int, help="The version to be profiled; by default the highest that serves.")
@click.option("--signature", help="The signature to be profiled; by default serving_default, or the only one.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=FILE.npy", help="Rows of an input; may be repeated.")
@click.option("--length", type=click.IntRange(min=1), help="Length of open dimensions of inputs that are made up.")
@click.option(
    "--limit-s", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True, help="For the profile."
)
@click.option("--output", type=click.Path(dir_okay=False), help="Write the advised parameters to this file as well.")
@click.option("--json", "as_json", is_flag=True, help="Print profile and advice in JSON.")
def tune(model: str, address: Address, output: str | None, *, as_json: bool, **options: Any) -> None:
    """Profile MODEL, which a server has loaded, and say how to batch it.

    The server runs the model itself, with batches of growing size. The loads are then simulated: by the server's own
    scheduler, on the times that were measured, without what network and decoding take.
    """
    if options["rate"] is not None and options["clients"] is not None:
        raise click.UsageError("--rate and --clients exclude each other")
    profile = ask_for_profile(AdminClient(address), model, _wanted(options))
    advice = _advice(profile, _goal(options))
    text = parameters_text(profile.model, advice.policy, _comments(profile, advice))
    if as_json:
        click.echo(json.dumps(_document(profile, advice, text), indent=2))
    else:
        _show(profile, advice, text)
    if output is not None:
        _write(output, text)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"--output {path} cannot be written: {error.strerror}") from None


def _wanted(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request for a profile."""
    wanted = {name: options[name] for name in ("version", "signature", "max_batch_size", "length", "limit_s")}
    return wanted | {"inputs": _encoded(options["inputs"])}


def _encoded(inputs: Iterable[str]) -> dict[str, str]:
    encoded = {}
    for item in inputs:
        name, equals, path = item.partition("=")
        if not (name and equals and path):
            raise InvalidArgumentError(f"--input takes NAME=FILE.npy, got {item!r}")
        encoded[name] = encoded_input(name, path)
    return encoded


def _goal(options: Mapping[str, Any]) -> Goal:
    target_ms = options["target_p99_ms"]
    return Goal(
        requests_per_s=options["rate"],
        num_clients=options["clients"],
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
    console = Console(highlight=False)
    console.print(advice_view(profile, advice))
    console.print()
    console.print(text, end="", markup=False, soft_wrap=True)


def main(arguments: Sequence[str]) -> int:
    """Run `salver tune` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    return run(tune, "salver tune", arguments)
