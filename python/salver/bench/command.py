"""The command `salver bench`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from salver.bench.command_options import read_headers, shape_options, tls_and_body_options
from salver.bench.session import Session, Wanted
from salver.bench.target import GRPC_PORT
from salver.bench.tls_options import TlsOptions
from salver.boundary.load import StartLoad
from salver.terminal.address import read_host_and_port
from salver.terminal.program import HELP_OPTIONS, Program, run


@click.command(cls=Program, context_settings=HELP_OPTIONS)
@click.argument("model")
@click.option(
    "--address",
    type=read_host_and_port,
    default="127.0.0.1",
    metavar="HOST:PORT",
    help=f"The gRPC port of the server, or with --rest its REST port.  [default: 127.0.0.1:{GRPC_PORT}, or :8501]",
)
@click.option("--rest", is_flag=True, help="Speak REST rather than gRPC.")
@click.option("--version", type=click.IntRange(min=1), help="The version to ask; by default the server chooses.")
@click.option("--label", help="In its place: the version that has this label.")
@click.option("--signature", default="", help="The signature to ask; by default serving_default.")
@shape_options
@tls_and_body_options
@click.option("--find-knee", is_flag=True, help="Raise the load step by step and find the highest that is good.")
@click.option(
    "--by", type=click.Choice(["rate", "concurrency"]), help="With --find-knee: what is raised.  [default: rate]"
)
@click.option(
    "--target-p99-ms",
    type=click.FloatRange(min=0, min_open=True),
    help="With --find-knee: what 99 of 100 requests may take; by default made from the unloaded p99.",
)
@click.option("--compare", type=read_host_and_port, metavar="HOST:PORT", help="Measure this server as well, in turn.")
@click.option(
    "--rounds", type=click.IntRange(1, 1000), default=6, show_default=True, help="With --compare: of each server."
)
@click.option("--baseline", type=click.Path(dir_okay=False), help="Set the result beside one that --json kept.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Keep the result in this file.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.pass_context
def bench(context: click.Context, /, **given: Any) -> None:
    """Put load on MODEL of a running server and say what came of it.

    Without --rate so many requests are kept in flight as --concurrency says; with it requests are sent when they are
    due, whatever became of those before, and times count from then.
    """
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
        ("version", "label"),
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
    tls = TlsOptions(
        is_wanted=given.pop("tls"),
        ca=given.pop("tls_ca"),
        certificate=given.pop("tls_cert"),
        key=given.pop("tls_key"),
        server_name=given.pop("tls_server_name"),
    )
    return Wanted(tls=tls, headers=read_headers(given.pop("header")), **given)


def main(arguments: Sequence[str]) -> int:
    """Run `salver bench` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    return run(bench, "salver bench", arguments, obj=tuple(arguments))
