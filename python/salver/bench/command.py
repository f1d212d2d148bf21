"""The command `salver bench`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from salver.bench.command_options import body_options, read_headers, shape_options
from salver.bench.server_address import read_server_address
from salver.bench.session import Session, Wanted
from salver.boundary.load import StartLoad
from salver.terminal.names import read_name
from salver.terminal.options import (
    FILE,
    check_version_or_label,
    json_option,
    output_option,
    signature_option,
    target_p99_option,
    version_or_label_options,
)
from salver.terminal.program import HELP_OPTIONS, Program, run
from salver.terminal.ranges import WholeNumber
from salver.terminal.server_address import server_address_option
from salver.terminal.tls_options import tls_options


@click.command(cls=Program, context_settings=HELP_OPTIONS)
@click.argument("model", type=read_name)
@server_address_option(read_server_address)
@version_or_label_options
@signature_option("The signature to ask; by default serving_default.")
@shape_options
@body_options
@tls_options
@click.option("--find-knee", is_flag=True, help="Raise the load step by step and find the highest that is good.")
@click.option(
    "--by", type=click.Choice(["rate", "concurrency"]), help="With --find-knee: what is raised.  [default: rate]"
)
@target_p99_option("With --find-knee: what 99 of 100 requests may take; by default made from the unloaded p99.")
@click.option("--compare", type=read_server_address, metavar="ADDRESS", help="Measure this server as well, in turn.")
@click.option(
    "--rounds", type=WholeNumber(1, 1000), default=6, show_default=True, help="With --compare: of each server."
)
@click.option("--baseline", type=FILE, help="Set the result beside one that --output kept.")
@output_option("Keep the result in this file, as JSON.")
@json_option("Print the result as JSON, and nothing else.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.pass_context
def bench(context: click.Context, /, **given: Any) -> None:
    """Put load on MODEL of a running server and say what came of it.

    Without --rate so many requests are kept in flight as --concurrency says; with it requests are sent when they are
    due, whatever became of those before, and times count from then.
    """
    check_version_or_label(given["version"], given["label"])
    _check(context, given)
    Session(_wanted(given), context.obj or (), _start_load()).run()


def _start_load() -> StartLoad:
    from salver.dataplane import start_load

    return start_load


def _check(context: click.Context, given: dict[str, Any]) -> None:
    """Refuse what contradicts itself."""

    def is_given(name: str) -> bool:
        return context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE

    exclusive = (
        ("find_knee", "compare"),
        ("find_knee", "baseline"),
        ("compare", "baseline"),
        ("find_knee", "num_requests"),
        ("find_knee", "rate"),
    )
    for first, second in exclusive:
        if given[first] and given[second]:
            raise click.UsageError(f"--{_flag(first)} and --{_flag(second)} exclude each other")
    needs = (("by", "find_knee"), ("target_p99_ms", "find_knee"), ("rounds", "compare"))
    for name, needed in needs:
        if is_given(name) and not given[needed]:
            raise click.UsageError(f"--{_flag(name)} needs --{_flag(needed)}")
    if given["compare"] and given["compare"].protocol != given["address"].protocol:
        raise click.UsageError("--compare and --address name a gRPC port and a REST port: both have to speak the same")
    if is_given("spacing") and given["rate"] is None and not given["find_knee"]:
        raise click.UsageError("--arrivals needs --rate or --find-knee")
    if given["find_knee"] and given["by"] == "concurrency" and is_given("concurrency"):
        raise click.UsageError("--by concurrency raises the concurrency itself: leave --concurrency out")
    if given["num_requests"] is not None and not is_given("duration_s"):
        given["duration_s"] = None
    if given["find_knee"] and not is_given("duration_s"):
        given["duration_s"] = 2.0


def _flag(name: str) -> str:
    return {"num_requests": "requests", "spacing": "arrivals"}.get(name, name.replace("_", "-"))


def _wanted(given: dict[str, Any]) -> Wanted:
    signature = given.pop("signature") or ""
    return Wanted(headers=read_headers(given.pop("header")), signature=signature, **given)


def main(arguments: Sequence[str]) -> int:
    """Run `salver bench` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    return run(bench, "salver bench", arguments, obj=tuple(arguments))
