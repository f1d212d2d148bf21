"""One load from its start to its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from salver.bench.result import Result, result_of
from salver.boundary.load import LoadOptions, LoadProgress, StartLoad

PROGRESS_S = 1.0
"""Between two looks at a load; also how long Ctrl-C may go unheard."""


@dataclass(frozen=True)
class Measurer:
    """Runs loads."""

    start: StartLoad
    on_progress: Callable[[LoadProgress], None] = lambda _: None
    """Called once a second of a load."""

    def measure(self, options: LoadOptions, rows: Sequence[int]) -> Result:
        """Run a load to its end.

        Args:
            options: The load.
            rows: Of each of its bodies.

        Raises:
            UnavailableError: A connection cannot be opened.
            KeyboardInterrupt: Passed on, after the load was stopped.
        """
        run = self.start(options)
        try:
            while not (progress := run.next_progress(PROGRESS_S)).is_over:
                self.on_progress(progress)
            return result_of(run.report(), options, rows)
        finally:
            run.stop()
