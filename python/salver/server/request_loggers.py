"""Request logging: answered requests of some models, written to files as they are answered.

The data plane chooses requests by the rules that it is given, and keeps them in a bounded queue; one thread pulls them
and writes. Models with the same configuration share one logger. What goes wrong here is counted and logged, and no
request sees any of it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from salver.boundary import LogEntries, LogRule
from salver.config.server_config import ModelConfig, RequestLoggingConfig
from salver.errors import Code, NotFoundError, as_salver_error
from salver.server.log_pause import LOG_PAUSE_S, LogPause
from salver.server.metrics import Metrics
from salver.server.record_files import FileLimits, RecordFiles
from salver.server.request_sampling import LoggingTask, effective_rate, log_metadata
from salver.server.shared_request_log import RequestLogSource
from salver.server.thread_pool import PullThreads

_log = logging.getLogger(__name__)

COLLECTOR_TYPES = frozenset({"", "tfrecord"})
"""Kinds of collectors; both are TFRecord files."""

_PULL_S = 1.0
"""How often the age of files is looked at while nothing is logged."""
_JOIN_TIMEOUT_S = 5.0


def check_request_logging(models: Sequence[ModelConfig]) -> None:
    """Check that there is a collector for what models want to have logged.

    Raises:
        NotFoundError: There is none of that type.
    """
    for model in models:
        config = model.request_logging
        if config is not None and config.collector_type not in COLLECTOR_TYPES:
            known = ", ".join(sorted(filter(None, COLLECTOR_TYPES)))
            raise NotFoundError(
                f"model {model.name}: no log collector is called {config.collector_type}; known: {known}"
            )


@dataclass(frozen=True, kw_only=True)
class RequestLogOptions:
    """What holds for all loggers of a server."""

    task: LoggingTask = field(default_factory=LoggingTask)
    tags_of: Callable[[str], tuple[str, ...]] = lambda _: ()
    """Gives the tags of the SavedModels of a platform, to be noted in their records."""
    limits: FileLimits = field(default_factory=FileLimits)


@dataclass(frozen=True)
class _Logger:
    """Where the records of one configuration go."""

    number: int
    files: RecordFiles


class RequestLoggers:
    """The loggers of one server. Thread-safe.

    Call sequence: any number of `update`, then `close` once the data plane has stopped.
    """

    def __init__(
        self,
        plane: RequestLogSource,
        options: RequestLogOptions,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plane = plane
        self._options = options
        self._metrics = metrics
        self._pause = LogPause(clock)
        self._clock = clock
        self._thread = PullThreads("request-log", 1, plane.next_log_entries, self, _PULL_S)
        self._is_started = False
        self._lock = threading.Lock()
        """Guards all below, but not the files, which belong to whoever handles entries."""
        self._num_made = 0
        self._loggers: dict[RequestLoggingConfig, _Logger] = {}
        self._retired: list[_Logger] = []

    def update(self, models: Sequence[ModelConfig]) -> None:
        """Log what these models ask for, instead of what was logged until now.

        A configuration that there was before keeps its logger and its file.
        """
        wanted = {model.name: model.request_logging for model in models if model.request_logging is not None}
        with self._lock:
            before = self._loggers
            self._loggers = {config: before.get(config) or self._new_logger(config) for config in wanted.values()}
            self._plane.set_log_rules([self._rule(model) for model in models if model.name in wanted])
            # After the rules: what is chosen by the old ones and answered already is in the queue by now.
            self._retired += [logger for config, logger in before.items() if config not in self._loggers]
        if wanted:
            self.start_pulling()

    def start_pulling(self) -> None:
        """Have entries pulled from now on, if they are not yet: without anything to be logged nobody needs a thread."""
        with self._lock:
            starts, self._is_started = not self._is_started, True
        if starts:
            self._thread.start()

    def handle(self, pulled: LogEntries, /) -> None:
        """Write down what was pulled."""
        with self._lock:
            retired, self._retired = self._retired, []
            loggers = {logger.number: logger for logger in (*self._loggers.values(), *retired)}
        outcomes: Counter[tuple[str, Code]] = Counter()
        for entry in pulled.entries:
            outcomes[entry.model, self._write(loggers.get(entry.logger), entry.record)] += 1
        for (model, code), count in outcomes.items():
            self._metrics.request_log_count.add(count, model_name=model, status_code=code.name)
        self._note_dropped(pulled.dropped)
        for logger in loggers.values():
            self._guard(logger.files.finish if logger in retired else logger.files.finish_if_old)

    def close(self) -> None:
        """Write down what is left and finish the files; blocks, though not for ever on a disk that does not answer."""
        if not self._is_started:
            return
        if not self._thread.stop(_JOIN_TIMEOUT_S):
            _log.warning("The request log is still being written; what is not yet in it is lost")
            return
        while (pulled := self._plane.next_log_entries(0)) is not None and (pulled.entries or pulled.dropped):
            self.handle(pulled)
        self.update(())
        self.handle(LogEntries())

    def _new_logger(self, config: RequestLoggingConfig) -> _Logger:
        self._num_made += 1
        return _Logger(self._num_made, RecordFiles(config.filename_prefix, self._options.limits, clock=self._clock))

    def _rule(self, model: ModelConfig) -> LogRule:
        config, task = model.request_logging, self._options.task
        assert config is not None
        metadata = log_metadata(config, task, self._options.tags_of(model.platform))
        return LogRule(model.name, effective_rate(config, task), self._loggers[config].number, metadata)

    def _write(self, logger: _Logger | None, record: bytes) -> Code:
        if logger is None:  # chosen by a rule that went while the model was busy
            return Code.CANCELLED
        return self._guard(lambda: logger.files.write(record))

    def _guard(self, act: Callable[[], None]) -> Code:
        try:
            act()
        except OSError as error:
            self._warn("The request log cannot be written: %s", error)
            return as_salver_error(error).code
        return Code.OK

    def _note_dropped(self, dropped: Mapping[str, int]) -> None:
        for model, count in dropped.items():
            code = Code.RESOURCE_EXHAUSTED.name
            self._metrics.request_log_count.add(count, model_name=model, status_code=code)
            self._metrics.request_log_dropped.add(count, model_name=model)
        if dropped:
            text = "%d requests were not logged, because they come faster than they can be written"
            self._warn(text, sum(dropped.values()))

    def _warn(self, text: str, *arguments: object) -> None:
        if self._pause.is_due(text):
            _log.warning(f"{text} (the like is not logged again for %d s)", *arguments, LOG_PAUSE_S)
