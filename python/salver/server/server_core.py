"""The life-cycle half of a server: sources, manager, serving table and health, wired together; no ports.

FileSystemSource -> PlatformAdapter -> AspiredVersionsManager -> DataPlaneServingTable -> data plane
                                              |
                                          EventBus -> ServableStateMonitor -> Health, reasons
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from salver.boundary import DataPlane
from salver.config.server_config import ServerConfig
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
    NotFoundError,
    SalverError,
    UnavailableError,
)
from salver.servables.loaders import Platform
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.server import manager_setup
from salver.server.batching_policies import BatchingPolicies, server_parameters
from salver.server.batching_reload import BatchingReload, server_file
from salver.server.configured_models import ConfiguredModels
from salver.server.events.event_log import EventLog
from salver.server.events.life_cycle_events import LifeCycleEvents
from salver.server.health import Health
from salver.server.load_metrics import counted
from salver.server.metrics import Metrics
from salver.server.model_acts import ModelActs
from salver.server.model_changes import check_labels, check_models
from salver.server.model_diff import differences
from salver.server.model_list import Models, Replacement
from salver.server.model_reasons import ModelReasons
from salver.server.model_waits import ModelWaits
from salver.server.platform_adapter import PlatformAdapter
from salver.server.platforms import Platforms
from salver.server.profiling.profiler import Profiler
from salver.server.program_servables import aspire_servables
from salver.server.recordings import Recordings
from salver.server.removed_models import RemovedModels
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

_MAX_ENDED_VERSIONS = 100
"""How many versions of a model are told of after their end, the highest: a server that loads new ones must not grow."""


class ServerCore:
    """Loads and serves models. Thread-safe.

    Call sequence: construct, `start`, any number of changes of what is `configured`, `close`.
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
        self._policies: Mapping[str, AspiredVersionPolicy] = {}
        """Replaced whole with the models."""
        self._library = TensorFlowLibrary(
            counted(plane.open_tensorflow, self._metrics), custom_op_libraries=config.custom_op_libraries
        )
        self.batching = BatchingPolicies(server_parameters(config))
        bus: EventBus[ServableState] = EventBus()
        self.monitor = ServableStateMonitor(bus, max_ended_versions=_MAX_ENDED_VERSIONS)
        self.event_log = EventLog()
        self.events = LifeCycleEvents(self.event_log, self.monitor)
        self.health = Health(plane, self.events.server_state)
        self.table = DataPlaneServingTable(plane, batching=self.batching.of)
        self._waits = ModelWaits(bus, self.monitor)
        self.configured = ConfiguredModels(config, self._servables, self._waits, check=self._check, follow=self._follow)
        self._removed = RemovedModels(self.monitor.forget_stream)
        self._reasons = ModelReasons(self.monitor, self.table, lambda: self.configured.names)
        self.batching_reload = self._batching_reload()
        self._platforms = Platforms(config, self._library, self.batching, platforms, warm_up_for=self._warm_up_for)
        options = manager_setup.manager_options(config, bus, [self.table], self._policy_for)
        self.manager = AspiredVersionsManager(options)
        self.version_metrics = VersionMetrics(self.manager.get_resource_estimates, self.manager.get_load_times)
        self.profiler = self._profiler()
        self.request_loggers, self.recordings = self._logs()
        self.replays = Replays(plane, self.table, self.manager, is_stopping=self._is_stopping)
        self._adapter = PlatformAdapter()
        self._source = FileSystemSource(manager_setup.source_config(config, ()), on_poll_result=self._on_poll_result)
        self.acts = ModelActs(self.manager, self._source, bus)

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
        self._serve(self.configured.begin(models))
        self.monitor.notify(self.version_metrics.on_state)
        self.monitor.notify(self._on_state)
        connect(self._adapter, self.manager)
        self.manager.start()
        aspire_servables(self.manager, self._servables, self._warm_up_for(self._config))
        if models and self._config.file_system_poll_wait_s < 0:
            logger.warning("The poll period is negative: no versions are looked for, so no model will be found")
        # Last: it may emit at once.
        connect(self._source, self._adapter)
        self.configured.take_changes()

    def notify_when_started(self, on_started: Callable[[Outcomes], None]) -> None:
        """Call `on_started` once each name was available or has failed once."""
        self.monitor.notify_when_available_or_failed(self.configured.names, on_started)

    def wait_until_available(self, names: Iterable[str], timeout_s: float | None) -> None:
        """Block until each of these models has a version that serves, and none that it began with still loads.

        Raises:
            NotFoundError: One of them is not configured.
            DeadlineExceededError: The time ran out first.
            SalverError: What the first of them that failed has failed with.
        """
        wanted = list(names)
        for name in wanted:
            if name not in self.configured.names:
                raise NotFoundError(f"No model {name} is configured")
        outcomes = self.monitor.wait_until_available_or_failed(wanted, timeout_s)
        for name in wanted:
            if name not in outcomes:
                raise DeadlineExceededError(f"model {name} did not become available within {timeout_s} s")
            error = outcomes[name]
            if error is not None:
                raise error

    def give_up_loads(self) -> None:
        """Begin to stop: no change of models is taken, no load goes on, nobody waits for one. What serves goes on."""
        self.configured.refuse_changes()
        stopping = UnavailableError("the server is stopping")
        self._waits.report(self.configured.names, stopping)
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
            base_path_of=self.configured.base_path_of,
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

    # --- What is served

    def _check(self, models: Models, before: Models) -> None:
        """Raise a SalverError where the first list may not take the place of the second."""
        check_models(models, before, self.configured.servable_names)
        check_request_logging(models)
        allow_unknown = self._config.allow_version_labels_for_unavailable_models
        check_labels(models, before, self._reasons.states_of, allow_unknown=allow_unknown)
        self._platforms.routes(models)

    def _follow(self, change: Replacement, writer: str) -> None:
        """Serve what a change has put in force."""
        before, models = change.before.models, change.after.models
        self._serve(change)
        self.events.models_set(writer, differences(before, models), change.after.etag)
        # A name that comes back with the next change must find its old versions given up.
        self.manager.step()
        removed = {model.name for model in before} - self.configured.names
        self._waits.report(removed, AbortedError(f"a later change took it away ({writer})"))
        self.events.forget_sources(removed)
        for name in removed:
            self.monitor.forget_failures(name)
        self._removed.update(removed, self.configured.names)

    def _serve(self, change: Replacement) -> None:
        """Tell all parts of the list that is in force now."""
        models, before, names = change.after.models, change.before.by_name, self.configured.names
        routes = self._platforms.routes(models)
        logger.info("Adding/updating models.")
        for model in models:
            if model != before.get(model.name):
                logger.info(" (Re-)adding model: %s", model.name)
        self._policies = manager_setup.policies(self._config, models)
        # The old routes, too, until the source no longer emits for them.
        self._adapter.set_routes({**self._adapter.routes, **routes})
        self.table.set_labels({model.name: model.version_labels for model in models})
        self.request_loggers.update(models)
        self.health.set_models(names)
        self._source.update_config(manager_setup.source_config(self._config, models))
        self._adapter.set_routes(routes)
        self._update_reasons(names.union(before))
        logger.info("Finished adding/updating models")

    def _warm_up_for(self, config: ServerConfig) -> WarmUp | None:
        """Return how versions of a platform with this configuration are warmed up."""
        if not config.enable_model_warmup:
            return None
        options, on_warm = manager_setup.warmup_options(config), self.version_metrics.note_warmup
        return Warmup(self._plane, self.table, options, self._metrics, on_warm=on_warm).run

    def _policy_for(self, name: str) -> AspiredVersionPolicy:
        # A model that is no longer named only unloads, in which the policies do not differ.
        return self._policies.get(name, availability_preserving_policy)

    # --- Events

    def _on_poll_result(self, name: str, error: SalverError | None) -> None:
        if name not in self.configured.names:
            return  # a look that was under way when the model was taken away
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
