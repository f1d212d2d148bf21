"""The life-cycle half of a server: sources, manager, serving table and health, wired together; no ports.

FileSystemSource -> PlatformAdapter -> AspiredVersionsManager -> DataPlaneServingTable -> data plane
                                              |
                                          EventBus -> ServableStateMonitor -> Health, reasons
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from salver.boundary import DataPlane
from salver.config.server_config import ModelConfig, ServerConfig
from salver.core.aspired_version_policy import AspiredVersionPolicy, availability_preserving_policy
from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.event_bus import EventBus
from salver.core.servable_state import ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.core.servable_state_waits import Outcomes
from salver.core.source import connect
from salver.errors import (
    AbortedError,
    DeadlineExceededError,
    FailedPreconditionError,
    NotFoundError,
    SalverError,
    UnavailableError,
)
from salver.servables.loaders import Platform
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.server import manager_setup
from salver.server.admin.diff import differences
from salver.server.batching_policies import BatchingPolicies, server_parameters
from salver.server.batching_reload import BatchingReload, server_file
from salver.server.events.event_log import EventLog
from salver.server.events.life_cycle_events import LifeCycleEvents
from salver.server.health import Health
from salver.server.load_metrics import counted
from salver.server.metrics import Metrics
from salver.server.model_acts import ModelActs
from salver.server.model_changes import check_labels, check_models, told_change
from salver.server.model_list import Edit, ModelList, Replacement
from salver.server.model_reasons import ModelReasons
from salver.server.model_waits import ModelWaits, raise_failures
from salver.server.platform_adapter import PlatformAdapter
from salver.server.platforms import Platforms
from salver.server.profiling.profiler import Profiler
from salver.server.program_servables import aspire_servables
from salver.server.recordings import Recordings
from salver.server.replays import Replays
from salver.server.request_loggers import RequestLoggers, check_request_logging
from salver.server.serving_table import DataPlaneServingTable
from salver.server.shared_request_log import SharedRequestLog
from salver.server.version_metrics import VersionMetrics
from salver.server.warming_loader import WarmUp
from salver.server.warmup import Warmup
from salver.sources.file_system import FileSystemSource

if TYPE_CHECKING:
    from salver.core.servable_state_table import ServableStateAndTime

logger = logging.getLogger(__name__)


def _accept(present: ModelList) -> None:
    del present


class ServerCore:
    """Loads and serves models. Thread-safe.

    Call sequence: construct, `start`, any number of `apply_models`, `close`.
    """

    def __init__(
        self,
        config: ServerConfig,
        plane: DataPlane,
        *,
        servables: Mapping[str, object] | None = None,
        platforms: Mapping[str, Platform] | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._config = config
        self._plane = plane
        self._metrics = metrics or Metrics()
        self._servables = dict(servables or {})
        self._list = ModelList()
        self._policies: Mapping[str, AspiredVersionPolicy] = {}
        """Replaced whole with `_list`."""
        self._names = frozenset(self._servables) | {model.name for model in config.models}
        self._is_running = False
        self._apply_lock = threading.Lock()
        """Guards `_list`, `_names` and `_writer`; held through a whole change, so that changes take turns."""
        self._writer = config.model_config_file or "the start"
        self._library = TensorFlowLibrary(
            counted(plane.open_tensorflow, self._metrics), custom_op_libraries=config.custom_op_libraries
        )
        self.batching = BatchingPolicies(server_parameters(config))
        bus: EventBus[ServableState] = EventBus()
        self.monitor = ServableStateMonitor(bus)
        self.event_log = EventLog()
        self.events = LifeCycleEvents(self.event_log, self.monitor)
        self.health = Health(plane, self.events.server_state)
        self.table = DataPlaneServingTable(plane, batching=self.batching.of)
        self._reasons = ModelReasons(self.monitor, self.table, lambda: self._names)
        self.batching_reload = self._batching_reload()
        self._platforms = Platforms(config, self._library, self.batching, platforms, warm_up_for=self._warm_up_for)
        options = manager_setup.manager_options(config, bus, [self.table], self._policy_for)
        self.manager = AspiredVersionsManager(options)
        self.version_metrics = VersionMetrics(self.manager.get_resource_estimates, self.manager.get_load_times)
        self.profiler = self._profiler()
        self.request_loggers, self.recordings = self._logs()
        self.replays = Replays(plane, self.table, self.manager, is_stopping=self._is_stopping)
        self._adapter = PlatformAdapter()
        self._waits = ModelWaits(bus, self.monitor)
        self._source = FileSystemSource(manager_setup.source_config(config, ()), on_poll_result=self._on_poll_result)
        self.acts = ModelActs(self.manager, self._source, bus)

    @property
    def model_list(self) -> ModelList:
        """The configured models, as the list that is in force."""
        return self._list

    @property
    def models(self) -> tuple[ModelConfig, ...]:
        """The configured models."""
        return self._list.models

    @property
    def writer(self) -> str:
        """Who set them, in words."""
        return self._writer

    @property
    def servable_names(self) -> frozenset[str]:
        """The names of the servables that the program brings."""
        return frozenset(self._servables)

    @property
    def names(self) -> frozenset[str]:
        """The names of all that should be served: configured models, and servables of the program."""
        return self._names

    def start(self) -> None:
        """Begin to load what is configured; returns at once.

        Raises:
            InvalidArgumentError: The configuration is wrong; nothing was begun.
            SalverError: A library of operations cannot be loaded; nothing was begun.
        """
        self.events.server_state(self.health.state)
        models = self._config.models
        check_models(models, (), self._servables)
        check_request_logging(models)
        self._library.load_custom_ops()
        # Where TFLite models are preferred, TensorFlow may not be needed at all.
        if not self._config.prefer_tflite and any(self._platforms.is_tensorflow(model.platform) for model in models):
            self._library.open_in_background()
        self._put_in_force(ModelList(models))
        self.monitor.notify(self.version_metrics.on_state)
        self.monitor.notify(self._on_state)
        connect(self._adapter, self.manager)
        self.manager.start()
        aspire_servables(self.manager, self._servables, self._warm_up_for(self._config))
        if models and self._config.file_system_poll_wait_s < 0:
            logger.warning("The poll period is negative: no versions are looked for, so no model will be found")
        # Last: it may emit at once.
        connect(self._source, self._adapter)
        self._is_running = True

    def notify_when_started(self, on_started: Callable[[Outcomes], None]) -> None:
        """Call `on_started` once each name was available or has failed once."""
        self.monitor.notify_when_available_or_failed(self.names, on_started)

    def wait_until_available(self, names: Iterable[str], timeout_s: float | None) -> None:
        """Block until each of these models has a version that serves, and none that it began with still loads.

        Raises:
            NotFoundError: One of them is not configured.
            DeadlineExceededError: The time ran out first.
            SalverError: What the first of them that failed has failed with.
        """
        wanted = list(names)
        for name in wanted:
            if name not in self.names:
                raise NotFoundError(f"No model {name} is configured")
        outcomes = self.monitor.wait_until_available_or_failed(wanted, timeout_s)
        for name in wanted:
            if name not in outcomes:
                raise DeadlineExceededError(f"model {name} did not become available within {timeout_s} s")
            error = outcomes[name]
            if error is not None:
                raise error

    def apply_models(
        self, models: Sequence[ModelConfig], timeout_s: float | None, *, writer: str = "this program"
    ) -> None:
        """Serve these models instead of the present ones, and wait for the new names among them.

        The list is checked whole before anything changes; from then on it is in force, whatever becomes of the loads.
        Models that are no longer named are unloaded without being waited for. Changes take turns; waits do not.

        Args:
            models: The whole list.
            timeout_s: Longest wait for new names; None is no limit.
            writer: Who changes the models, for the log.

        Raises:
            InvalidArgumentError, FailedPreconditionError: The list is wrong, or the server is not running; nothing
                changed.
            UnknownError: A new model failed to load or was taken away again, or the server was stopped meanwhile.
            DeadlineExceededError: A new model was not available in time; it goes on loading.
        """
        with ExitStack() as watching:
            with self._apply_lock:
                planned = self._plan(lambda _: models)
                monitor = watching.enter_context(self._waits.fresh_monitor())
                self._carry_out(planned, writer)
            before = {model.name for model in planned.before.models}
            new = [model.name for model in models if model.name not in before]
            raise_failures(new, monitor.wait_until_available_or_failed(new, timeout_s), timeout_s)

    def replace_models(self, models: Sequence[ModelConfig], *, writer: str) -> None:
        """Do what `apply_models` does, but wait for nothing."""
        with self._apply_lock:
            self._carry_out(self._plan(lambda _: models), writer)

    def change_models(
        self, edit: Edit, *, writer: str, is_dry_run: bool = False, on_present: Callable[[ModelList], None] = _accept
    ) -> Replacement:
        """Serve what `edit` makes of the present models; waits for nothing.

        Reading, checking and changing are one step: no other change comes in between.

        Args:
            edit: Makes the new list; called once, and must be quick.
            writer: Who changes the models, for the log.
            is_dry_run: Check everything and change nothing.
            on_present: Told of the present list before `edit`; raises a SalverError to refuse the change.

        Returns:
            The list of before and the one that is in force now, or would be; both are the same where nothing changes.

        Raises:
            SalverError: What `apply_models` raises before it waits, or `edit` or `on_present` do; nothing changed.
        """
        with self._apply_lock:
            on_present(self._list)
            planned = self._plan(edit)
            if planned.is_changed and not is_dry_run:
                self._carry_out(planned, writer)
            return planned

    def give_up_loads(self) -> None:
        """Begin to stop: no change of models is taken, no load goes on, nobody waits for one. What serves goes on."""
        self._is_running = False
        stopping = UnavailableError("the server is stopping")
        self._waits.report(self.names, stopping)
        self._waits.end(stopping)
        self.manager.give_up_loads()

    def close(self) -> None:
        """Stop looking for versions and unload everything; blocks. Idempotent."""
        self.give_up_loads()
        self._source.stop()
        self._adapter.detach()
        self.manager.close()
        self.monitor.close()

    # --- Its parts

    def _batching_reload(self) -> BatchingReload:
        wait_s = self._config.batching_parameters_poll_wait_s or 0
        return BatchingReload(self.batching, self.table.update_batching, server_file(self._config), wait_s)

    def _profiler(self) -> Profiler:
        return Profiler(
            self.manager,
            policy_of=self.batching.of,
            base_path_of=self._base_path_of,
            num_runners=manager_setup.num_runners(self._config),
        )

    def _logs(self) -> tuple[RequestLoggers, Recordings]:
        """What takes the requests that the data plane logs: two that share one log."""
        request_log = SharedRequestLog(self._plane)
        options = manager_setup.request_log_options(self._config, self._platforms.saved_model_tags)
        loggers = RequestLoggers(request_log, options, self._metrics)
        pull = loggers.start_pulling
        return loggers, Recordings(request_log, start_pulling=pull, is_stopping=self._is_stopping)

    def _is_stopping(self) -> bool:
        return self.health.state == "DRAINING"

    # --- Changing what is served

    def _plan(self, edit: Edit) -> Replacement:
        """Make and check the list that is to take the place of the present one; under the lock."""
        if not self._is_running:
            raise FailedPreconditionError("the server is not running; its models cannot be changed")
        present = self._list
        models = tuple(edit(present.models))
        check_models(models, present.models, self._servables)
        check_request_logging(models)
        allow_unknown = self._config.allow_version_labels_for_unavailable_models
        check_labels(models, present.models, self._reasons.states_of, allow_unknown=allow_unknown)
        self._platforms.routes(models)
        return Replacement(present, present.followed_by(models))

    def _carry_out(self, planned: Replacement, writer: str) -> None:
        before, models = planned.before.models, planned.after.models
        self._put_in_force(planned.after)
        logger.info("%s", told_change(models, before, writer, self._writer))
        self._writer = writer
        self.events.models_set(writer, differences(before, models), planned.after.etag)
        # A name that comes back with the next change must find its old versions given up.
        self.manager.step()
        removed = {model.name for model in before} - self.names
        self._waits.report(removed, AbortedError(f"a later change took it away ({writer})"))
        self.events.forget_sources(removed)

    def _put_in_force(self, new: ModelList) -> None:
        models, before = new.models, {model.name: model for model in self.models}
        routes = self._platforms.routes(models)
        names_before = self.names
        logger.info("Adding/updating models.")
        for model in models:
            if model != before.get(model.name):
                logger.info(" (Re-)adding model: %s", model.name)
        self._list = new
        self._policies = manager_setup.policies(self._config, models)
        self._names = frozenset(self._servables) | {model.name for model in models}
        # The old routes, too, until the source no longer emits for them.
        self._adapter.set_routes({**self._adapter.routes, **routes})
        self.table.set_labels({model.name: model.version_labels for model in models})
        self.request_loggers.update(models)
        self.health.set_models(self.names)
        self._source.update_config(manager_setup.source_config(self._config, models))
        self._adapter.set_routes(routes)
        self._update_reasons(names_before | self.names)
        logger.info("Finished adding/updating models")

    def _warm_up_for(self, config: ServerConfig) -> WarmUp | None:
        """Return how versions of a platform with this configuration are warmed up."""
        if not config.enable_model_warmup:
            return None
        options, on_warm = manager_setup.warmup_options(config), self.version_metrics.note_warmup
        return Warmup(self._plane, self.table, options, self._metrics, on_warm=on_warm).run

    def _base_path_of(self, name: str) -> str | None:
        return next((model.base_path for model in self.models if model.name == name), None)

    def _policy_for(self, name: str) -> AspiredVersionPolicy:
        # A model that is no longer named only unloads, in which the policies do not differ.
        return self._policies.get(name, availability_preserving_policy)

    # --- Events

    def _on_poll_result(self, name: str, error: SalverError | None) -> None:
        self._waits.report([name], error)
        self.events.source_report(name, error)
        self._update_reasons([name])

    def _on_state(self, found: ServableStateAndTime) -> None:
        # Of this model alone: with thousands of models, looking at all for each event would take its time.
        name = found.state.id.name
        self.health.set_available(name, is_available=self._reasons.is_available(name))
        self._update_reasons([name])

    def _update_reasons(self, names: Iterable[str]) -> None:
        if self._config.serve_while_loading:
            self._reasons.update(names)
