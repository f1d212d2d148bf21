"""`salver warmup replay`: recorded requests on a version that is loaded, before or beside its traffic."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from salver.admin.limits import MAX_WAIT_S
from salver.admin.replay import MAX_CONCURRENCY, Failure, ReplayQuery, ReplayReport
from salver.ctl.client import Address
from salver.ctl.options import address_option
from salver.errors import FailedPreconditionError, InvalidArgumentError
from salver.terminal.names import read_name
from salver.terminal.numbers import duration
from salver.terminal.options import concurrency_option, json_option, timeout_option, version_option
from salver.terminal.ranges import WholeNumber
from salver.terminal.screen import print_view
from salver.warmup.files import read_content, read_file
from salver.warmup.server import WarmupServer

_MAX_SHOWN = 10


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.argument("model", type=read_name)
@address_option
@version_option("The version that is to answer; it has to be loaded.", is_required=True)
@click.option(
    "--against", type=WholeNumber(min=0), help="Another version, which is to answer first and is compared with."
)
@concurrency_option("Requests under way at the same time.", maximum=MAX_CONCURRENCY, default=1)
@timeout_option(60.0, "Longest that one request may take; the first that takes longer ends it.", max_s=MAX_WAIT_S)
@json_option("Print the reports of the server.")
def replay(
    file: str, model: str, address: Address, version: int, against: int | None, *, as_json: bool, **query: Any
) -> None:
    """Replay the TFRecord file FILE on a version of MODEL, and say what fails and how long it takes.

    Nobody gets the answers. With --against the failures and latencies of two versions stand side by side; their outputs
    are not compared. The exit status is 1 where a record fails that does not fail on the other version, too.
    """
    content = read_content(file)
    if file.endswith((".json", ".npz")):
        raise InvalidArgumentError(
            f"{file} is no TFRecord file; `salver warmup convert --model {model}` makes one of it"
        )
    if not read_file(file, None):  # what is wrong with it is told here, with its name
        raise InvalidArgumentError(f"{file} holds no records; nothing was replayed")
    how, server = ReplayQuery(**query), WarmupServer(address)
    versions = [version] if against is None else [against, version]
    reports = {number: server.replay(model, number, content, how) for number in versions}
    if as_json:
        click.echo(json.dumps({str(number): asdict(report) for number, report in reports.items()}, indent=2))
    else:
        _show(model, reports)
    new = new_failures(reports[version], None if against is None else reports[against])
    if new:
        raise FailedPreconditionError(f"version {version} of {model} fails {_count(new, reports[version])}")


def new_failures(report: ReplayReport, other: ReplayReport | None) -> list[Failure]:
    """Return the failures that the other version does not have, too."""
    known = {failure.index for failure in other.failures} if other else set()
    return [failure for failure in report.failures if failure.index not in known]


def _count(new: list[Failure], report: ReplayReport) -> str:
    # Beyond the list of failures nothing is known of single records.
    if len(new) == len(report.failures) and report.num_failed > len(new):
        return f"{report.num_failed} records"
    return f"record {new[0].index}" if len(new) == 1 else f"{len(new)} records"


def _show(model: str, reports: dict[int, ReplayReport]) -> None:
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "records", "failed", "p50", "p90", "p99", "max"):
        table.add_column(title, justify="right" if title else "left")
    for version, report in reports.items():
        found = report.latency_s
        times = ["-"] * 4 if found is None else [duration(x) for x in (found.p50, found.p90, found.p99, found.max)]
        table.add_row(f"{escape(model)} version {version}", str(report.num_records), str(report.num_failed), *times)
    print_view(table)
    for version, report in reports.items():
        for line in _failure_lines(report.failures):
            click.echo(f"version {version}: {line}")


def _failure_lines(failures: Iterable[Failure]) -> list[str]:
    lines = [f"record {each.index}: {each.code}: {each.message}" for each in failures]
    more = len(lines) - _MAX_SHOWN
    return lines[:_MAX_SHOWN] + ([f"and {more} more (--json shows them)"] if more > 0 else [])
