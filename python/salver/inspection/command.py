"""The command `salver inspect`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

import click

from salver.errors import NotFoundError
from salver.inspection.inspect import inspect as look_into
from salver.inspection.report import BasePathReport, VersionReport
from salver.inspection.version import FORMATS, Depth
from salver.inspection.view import base_path_view, version_view
from salver.terminal.options import json_option, signature_option
from salver.terminal.program import HELP_OPTIONS, Program, run
from salver.terminal.screen import print_view


@click.command(cls=Program, context_settings=HELP_OPTIONS)
@click.argument("path", type=click.Path())
@signature_option("Show this signature alone.")
@click.option("--ops", "shows_operations", is_flag=True, help="Show all operations, and how often each stands there.")
@click.option(
    "--check-ops", "asks_tensorflow", is_flag=True, help="Ask the installed TensorFlow which operations it lacks."
)
@click.option("--load", "runs_code", is_flag=True, help="Load a Python servable, which runs its code.")
@click.option("--tflite", is_flag=True, help="Show model.tflite of a directory that also holds a SavedModel.")
@json_option("Print it in JSON.")
def inspect(
    path: str, signature: str | None, *, shows_operations: bool, tflite: bool, as_json: bool, **depth: bool
) -> None:
    """Say what PATH holds: a version directory, or a base path with versions."""
    try:
        report = look_into(path, Depth(**depth), format=FORMATS["model.tflite"] if tflite else None)
        if signature is not None:
            report = _only(signature, report)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}") from None
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
        return
    print_view(
        version_view(report, all_operations=shows_operations)
        if isinstance(report, VersionReport)
        else base_path_view(report)
    )


def _only(name: str, report: VersionReport | BasePathReport) -> VersionReport:
    """The report with one signature alone."""
    if isinstance(report, BasePathReport):
        numbers = ", ".join(line.directory for line in report.versions)
        raise NotFoundError(f"--signature is for a version, and this is a base path with the versions {numbers}")
    graphs = [graph for graph in report.graphs if name in graph.signatures]
    if not graphs:
        known = [known for graph in report.graphs for known in graph.signatures]
        raise NotFoundError(f"there is no signature {name}; there are {', '.join(dict.fromkeys(known)) or 'none'}")
    return replace(report, graphs=tuple(replace(graph, signatures={name: graph.signatures[name]}) for graph in graphs))


def main(arguments: Sequence[str]) -> int:
    """Run `salver inspect` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    return run(inspect, "salver inspect", arguments)
