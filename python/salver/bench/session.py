"""One call of `salver bench`: what is asked for, measured, shown and kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import click
from rich.console import RenderableType
from rich.text import Text

from salver.bench import document, view
from salver.bench.bodies import Bodies, made_bodies, read_bodies
from salver.bench.comparison import alternating, ratio_document, ratios
from salver.bench.knee import By, Step
from salver.bench.load_shape import LoadShape
from salver.bench.load_tls import load_tls
from salver.bench.measurement import Measurer
from salver.bench.metadata import form_of, forms_of_target
from salver.bench.model_address import ModelAddress
from salver.bench.result import Result, result_document
from salver.bench.search import Search
from salver.bench.server_address import ServerAddress
from salver.bench.target import Target, try_out
from salver.boundary.load import LoadProgress, StartLoad
from salver.errors import UnavailableError
from salver.terminal.output_file import check_output, write_output
from salver.terminal.screen import print_view
from salver.terminal.tls_options import TlsChoice


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The command line, read."""

    model: str
    address: ServerAddress
    version: int | None
    label: str | None
    signature: str
    concurrency: int | None
    connections: int | None
    rate: float | None
    spacing: Literal["poisson", "constant"] | None
    duration_s: float | None
    num_requests: int | None
    warmup_s: float
    timeout_s: float
    num_threads: int
    seed: int
    rows: int
    length: int | None
    body: str | None
    headers: tuple[tuple[str, str], ...]
    tls: TlsChoice
    find_knee: bool
    by: By | None
    target_p99_ms: float | None
    compare: ServerAddress | None
    rounds: int
    baseline: str | None
    output: str | None
    as_json: bool
    quiet: bool

    def target(self, address: ServerAddress) -> Target:
        """A server to be measured."""
        return Target(
            host=address.host,
            port=address.port,
            protocol=address.protocol,
            model=ModelAddress(name=self.model, version=self.version, label=self.label, signature=self.signature),
            tls=load_tls(self.tls, address.host) if self.tls or address.is_secure else None,
            headers=self.headers,
            timeout_s=self.timeout_s,
        )

    def shape(self) -> LoadShape:
        """The load."""
        return LoadShape(
            concurrency=self.concurrency,
            connections=self.connections,
            rate=self.rate,
            spacing=self.spacing or ("constant" if self.find_knee else "poisson"),
            duration_s=self.duration_s,
            num_requests=self.num_requests,
            warmup_s=self.warmup_s,
            num_threads=self.num_threads,
            seed=self.seed,
        )


class Session:
    """Measures, shows and keeps what a command line asks for."""

    def __init__(self, wanted: Wanted, arguments: Sequence[str], start: StartLoad) -> None:
        self._start = start
        self._wanted = wanted
        self._arguments = arguments
        self._before: LoadProgress | None = None
        self._is_talking = not wanted.quiet and sys.stderr.isatty()
        self._measurer = Measurer(start, self._tell_progress)

    def run(self) -> None:
        """Do all of it.

        Raises:
            SalverError: What stands in the way; what was measured before the server went away is shown first.
        """
        wanted = self._wanted
        target = wanted.target(wanted.address)
        if wanted.output is not None:
            check_output(wanted.output)
        baseline = None if wanted.baseline is None else document.read_baseline(wanted.baseline)
        bodies = self._bodies(target)
        shape = wanted.shape()
        shape.options(target, bodies.data)  # refuses numbers that contradict each other, before anything is sent
        try_out(self._start, target, bodies.data)
        self._kept = document.document(self._arguments, target, bodies, shape)
        if wanted.find_knee:
            self._find_knee(target, bodies, shape)
        elif wanted.compare is not None:
            self._compare(target, wanted.target(wanted.compare), bodies, shape)
        else:
            self._measure(target, bodies, shape, baseline)

    def _bodies(self, target: Target) -> Bodies:
        wanted = self._wanted
        if wanted.body is not None:
            return read_bodies(target, wanted.body, lambda: forms_of_target(self._start, target))
        return made_bodies(target, form_of(self._start, target), wanted.rows, wanted.length)

    def _measure(
        self, target: Target, bodies: Bodies, shape: LoadShape, baseline: tuple[Result, dict[str, Any]] | None
    ) -> None:
        self._show(view.heading(target, bodies, str(shape)))
        result = self._measured(target, bodies, shape)
        self._show(view.result_view(result, "load"))
        if baseline is not None:
            earlier, kept = baseline
            title = f"now over {kept.get('at', 'the baseline')}"
            self._show(view.ratio_view(title, ratios([(earlier, result)])))
            for line in document.differences(kept, self._kept):
                self._show(Text(f"  Warning: {line}"))
        self._keep(result=result_document(result))
        _raise_end(result)

    def _compare(self, first: Target, second: Target, bodies: Bodies, shape: LoadShape) -> None:
        try_out(self._start, second, bodies.data)
        targets = (first, second)
        self._show(view.heading(first, bodies, f"{shape}, in turn with {second.address}"))
        rounds = alternating(
            self._wanted.rounds,
            lambda: self._measured(first, bodies, shape, is_needed=True),
            lambda: self._measured(second, bodies, shape, is_needed=True),
        )
        found = ratios(rounds)
        self._show(view.comparison_view([target.address for target in targets], rounds, found))
        self._keep(
            compared=document.target_document(second),
            rounds=[[result_document(result) for result in results] for results in rounds],
            ratios=[ratio_document(ratio) for ratio in found],
        )

    def _find_knee(self, target: Target, bodies: Bodies, shape: LoadShape) -> None:
        wanted = self._wanted
        by: By = wanted.by or "rate"
        how = f"looking for the knee by {by}"
        arrivals = f", arrivals {'evenly spaced' if shape.spacing == 'constant' else 'at random times'}"
        self._show(view.heading(target, bodies, how + (arrivals if by == "rate" else "")))
        target_s = None if wanted.target_p99_ms is None else wanted.target_p99_ms / 1e3
        search = Search(by=by, shape=shape, target_p99_s=target_s, on_step=self._tell_step)
        found = search.run(Measurer(self._start), target, bodies)
        self._show(view.knee_view(found))
        self._keep(knee=asdict(found.knee), unloaded=result_document(found.unloaded))

    def _measured(self, target: Target, bodies: Bodies, shape: LoadShape, *, is_needed: bool = False) -> Result:
        self._before = None
        result = self._measurer.measure(shape.options(target, bodies.data), bodies.rows)
        if is_needed:
            _raise_end(result)
        return result

    def _tell_progress(self, progress: LoadProgress) -> None:
        self._tell(view.progress_line(progress, self._before))
        self._before = None if progress.is_warming_up else progress

    def _tell_step(self, step: Step) -> None:
        self._tell(view.step_line(step))

    def _tell(self, line: str) -> None:
        if self._is_talking:
            click.echo(line, err=True)

    def _show(self, view: RenderableType) -> None:
        if not self._wanted.as_json:
            print_view(view)

    def _keep(self, **parts: Any) -> None:
        kept = {**self._kept, **parts}
        if self._wanted.as_json:
            click.echo(document.text(kept), nl=False)
        if self._wanted.output is not None:
            write_output(self._wanted.output, document.text(kept).encode())


def _raise_end(result: Result) -> None:
    """Raise what makes a result no result."""
    if result.failure is not None:
        raise UnavailableError(f"the server went away: {result.failure}")
    if not result.num_answered:
        kinds = ", ".join(f"{kind}: {message}" for kind, (_, message) in result.failures.items())
        raise UnavailableError(f"no request was answered{f' ({kinds})' if kinds else ''}")
