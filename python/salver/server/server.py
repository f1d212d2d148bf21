"""The composition root: a whole server, in a program or behind the command line.

Start, in this order: the data plane is made; the admin port opens; models begin to load; once each is available or has
failed once (or at once, with `serve_while_loading`) the other ports open; the server is ready. Stop: not ready;
accepted requests end, up to a limit; the ports close, the admin port last; every model is unloaded.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from salver.boundary import Batch, ControlCall, DataPlane, DataPlaneOptions
from salver.config.server_config import ModelConfig, ServerConfig
from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.core.servable_state_waits import Outcomes
from salver.errors import FailedPreconditionError, UnavailableError
from salver.servables.loaders import Platform
from salver.server import manager_setup
from salver.server.admin.audit import AuditLog
from salver.server.admin.batching import BatchingReports
from salver.server.admin.browser_check import BrowserCheck
from salver.server.admin.console.pages import ConsolePages
from salver.server.admin.debug_pages import DebugPages
from salver.server.admin.events import Events
from salver.server.admin.grpc.service import AdminService
from salver.server.admin.model_admin import ModelAdmin
from salver.server.admin.model_documents import ModelDocuments
from salver.server.admin.model_pages import ModelPages
from salver.server.admin.profile import Profiles
from salver.server.admin.router import AdminRoutes
from salver.server.admin.routes import AdminHandlers, admin_routes
from salver.server.admin.server_pages import ServerAdmin, ServerPages
from salver.server.admin.warmup import WarmupPages
from salver.server.all_metrics import AllMetrics
from salver.server.batching_reload import batching_poller
from salver.server.config_poller import config_poller
from salver.server.control_router import ControlRouter, SlowLane
from salver.server.debug.gil import GilProbe
from salver.server.drain_request import DrainRequest
from salver.server.events.event_watchers import EventWatchers
from salver.server.journal import Journal
from salver.server.journal_setup import open_journal
from salver.server.metrics import Metrics
from salver.server.metrics_page import MetricsPage
from salver.server.model_metadata import GET_MODEL_METADATA, ModelMetadata
from salver.server.model_reload import RELOAD_CONFIG, ModelReload
from salver.server.model_status import GET_MODEL_STATUS, ModelStatus
from salver.server.ports import OpenPorts, open_admin_port, open_client_ports
from salver.server.reflection import ADMIN_SERVICES, reflection_methods
from salver.server.rest_routes import RestRoutes
from salver.server.runners import BatchRunner
from salver.server.server_core import ServerCore
from salver.server.slow_calls import SlowCalls
from salver.server.startup_probe import STARTUP_PATH, StartupProbe
from salver.server.thread_pool import PullThreads
from salver.server.tls_watcher import TlsWatcher
from salver.version import salver_version

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

_NUM_CONTROL_THREADS = 2
_MAX_STREAMS = 256
"""Answers that may be streamed at the same time: each has a thread, which sleeps while its client is behind."""
_MAX_SLOW_CALLS = 64
"""Reloads and calls of the admin port that may wait at the same time, most of them asleep."""
_JOIN_TIMEOUT_S = 1.0
"""How long a stop waits for a thread that is still in a servable or handler after the drain."""

DataPlaneFactory = Callable[[DataPlaneOptions], DataPlane]


def _wait_for_lock(pause_s: float) -> float:
    from salver.dataplane import wait_for_lock

    return wait_for_lock(pause_s)


def native_data_plane(options: DataPlaneOptions) -> DataPlane:
    """Make the data plane of the extension."""
    from salver.dataplane import NativeDataPlane

    return NativeDataPlane(options)


class Server:
    """A model server. Thread-safe; several can live in one process.

    ```python
    with salver.Server({"half_plus_two": "/models/half_plus_two"}, grpc_port=0, rest_port=0) as server:
        print(server.grpc_port, server.rest_port)
        server.predict("half_plus_two", {"x": [1.0, 2.0]})
    ```
    """

    def __init__(
        self,
        models: ServerConfig | Mapping[str, str | ModelConfig] | None = None,
        *,
        servables: Mapping[str, object] | None = None,
        platforms: Mapping[str, Platform] | None = None,
        data_plane: DataPlaneFactory = native_data_plane,
        **settings: Any,
    ) -> None:
        """Make a server that does nothing yet.

        Args:
            models: A whole configuration; or base paths or model configurations by model name.
            servables: Objects of this program to be served, by name, as version 1.
            platforms: Platforms of this program, by name; they go before installed ones.
            data_plane: Makes the data plane; tests replace it.
            settings: Fields of `ServerConfig`, where `models` is not one.
        """
        self._config = _config(models, settings)
        self._plane = data_plane(manager_setup.data_plane_options(self._config))
        self._metrics = Metrics()
        self._core = ServerCore(
            self._config, self._plane, servables=servables, platforms=platforms, metrics=self._metrics
        )
        self._streams = SlowCalls("stream", _MAX_STREAMS)
        self._runners: PullThreads[Batch] = PullThreads(
            "runner",
            # One more than run at the same time: `DataPlaneOptions.num_runners` says what for.
            manager_setup.num_runners(self._config) + 1,
            self._plane.next_batch,
            BatchRunner(
                name_of=self._core.table.name_of,
                submit_stream=self._streams.submit,
                is_traced=self._config.trace_sampling_ratio is not None,
            ),
        )
        pollers = (config_poller(self._core, self._config), batching_poller(self._core.batching_reload, self._config))
        self._pollers = [poller for poller in pollers if poller is not None]
        self._slow_calls = SlowCalls("slow-call", _MAX_SLOW_CALLS)
        self._watchers = EventWatchers(self._core.event_log)
        self.drain_request = DrainRequest(self.stop)
        """What a drain that is asked for on the admin listener becomes."""
        self._control: PullThreads[ControlCall] = PullThreads(
            "control", _NUM_CONTROL_THREADS, self._plane.next_call, self._router()
        )
        self._lock = threading.Lock()
        """Guards `_is_begun` and lets one `stop` run at a time."""
        self._is_begun = False
        self._is_stopped = False
        self.has_endless_run = False
        """Whether, after a stop, a native model still runs: such a process is best ended without clearing up."""
        self._stopping = threading.Event()
        self._may_open = threading.Event()
        self._ports = OpenPorts()
        self._journal: Journal | None = None
        self._tls = TlsWatcher(self._plane.set_tls, manager_setup.tls_sources(self._config))

    # --- Life

    def start(self) -> Self:
        """Start, and return when the ports are open; may be called once.

        Raises:
            SalverError: The configuration is wrong or a port is taken; the server has stopped.
            UnavailableError: `stop` was called meanwhile.
        """
        with self._lock:
            if self._is_begun:
                raise FailedPreconditionError("the server was started before; it may be only once")
            self._is_begun = True
        try:
            self._start()
        except BaseException:
            self.stop(drain_timeout_s=0)
            raise
        return self

    def stop(self, drain_timeout_s: float | None = None) -> None:
        """Drain, close the ports and unload everything; blocks. Idempotent.

        Args:
            drain_timeout_s: Longest wait for accepted requests; None takes what a drain was asked for with, else that
                of the configuration.
        """
        self._stopping.set()
        self._may_open.set()
        with self._lock:
            if not self._is_stopped:
                self._is_stopped = True
                limits = (drain_timeout_s, self.drain_request.timeout_s, self._config.drain_timeout_s)
                self._stop(next(limit for limit in limits if limit is not None))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # --- Use

    @property
    def config(self) -> ServerConfig:
        """What the server was made with; `models` may have changed since."""
        return self._config

    @property
    def grpc_port(self) -> int | None:
        """Number of the open gRPC port, None if there is none."""
        return self._ports.grpc

    @property
    def rest_port(self) -> int | None:
        """Number of the open REST port, None if there is none."""
        return self._ports.rest

    @property
    def admin_port(self) -> int | None:
        """Number of the open admin port, None if there is none."""
        return self._ports.admin

    @property
    def is_ready(self) -> bool:
        """Whether the server takes requests."""
        return self._core.health.is_ready

    @property
    def manager(self) -> AspiredVersionsManager:
        """Hands out the servables themselves, past the data plane."""
        return self._core.manager

    @property
    def monitor(self) -> ServableStateMonitor:
        """Knows in which state each version is."""
        return self._core.monitor

    @property
    def models(self) -> tuple[ModelConfig, ...]:
        """The models configured now."""
        return self._core.models

    def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        version: int | None = None,
        label: str | None = None,
        signature: str = "",
        timeout_s: float | None = None,
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Run one prediction in this process, through the same table and scheduler as requests from outside.

        Args:
            model: Name of the model.
            inputs: Arrays, or what numpy makes arrays of, by input name.
            version: The version wanted; by default the highest that serves.
            label: A version label instead.
            signature: By default `serving_default`.
            timeout_s: Longest wait; None is no limit.
        """
        return self._plane.predict(
            model, inputs, version=version, label=label, signature=signature, timeout_s=timeout_s
        )

    def wait_until_available(self, *names: str, timeout_s: float | None = None) -> None:
        """Block until these models, or all, have a version that serves.

        Raises:
            NotFoundError: One of them is not configured.
            DeadlineExceededError: The time ran out first.
            SalverError: What the first of them that failed has failed with.
        """
        self._core.wait_until_available(names or self._core.names, timeout_s)

    def apply_models(self, models: Sequence[ModelConfig], *, timeout_s: float | None = 60.0) -> None:
        """Serve these models instead of the present ones; see `ServerCore.apply_models`."""
        self._core.apply_models(models, timeout_s)

    # --- Inside

    def _start(self) -> None:
        self._journal = open_journal(self._config, self._plane, self._metrics)
        self._journal.start()
        self._tls.load()  # first: nothing should be loaded for a server that cannot open its ports
        self._ports = open_admin_port(self._plane, self._config)
        self._control.start()
        self._core.start()
        for poller in self._pollers:
            poller.start()
        self._runners.start()
        self._core.notify_when_started(self._on_started)
        if self._config.serve_while_loading:
            self._may_open.set()
        self._may_open.wait()
        if self._stopping.is_set():
            raise UnavailableError("the server was stopped while it started")
        self._ports = open_client_ports(self._plane, self._config, self._ports)
        self._tls.start()

    def _on_started(self, outcomes: Outcomes) -> None:
        if self._stopping.is_set():
            return  # the models were given up, not started
        for name, error in sorted(outcomes.items()):
            if error is not None:
                logger.warning("Starting without model %s: %s", name, error)
        # Before the ports open, so that nobody finds them open and not ready.
        self._core.health.set_started()
        self._may_open.set()

    def _router(self) -> ControlRouter:
        status = ModelStatus(self._core.monitor)
        metadata = ModelMetadata(self._core.table.resolve)
        methods = {GET_MODEL_STATUS: status.grpc, GET_MODEL_METADATA: metadata.grpc, **reflection_methods()}
        metrics = AllMetrics(self._plane, self._metrics, self._core.monitor, self._core.version_metrics)
        reload = ModelReload(self._reload, metrics.first_values)
        page, startup = MetricsPage(metrics), StartupProbe(self._core.health)
        pages = {STARTUP_PATH: startup} | ({self._config.metrics_path: page} if self._config.metrics_enabled else {})
        admin = self._admin(startup, page, metrics)
        service = AdminService(admin, self._core.event_log, self._watchers, reflection_methods(ADMIN_SERVICES))

        def of_protocol(call: ControlCall) -> AdminService | AdminRoutes:
            return service if call.protocol == "admin_grpc" else admin

        return ControlRouter(
            methods,
            RestRoutes(on_status=status.rest, on_metadata=metadata.rest, pages=pages),
            admin=admin,
            admin_grpc=service,
            slow_methods={RELOAD_CONFIG: reload.grpc},
            slow_lane=SlowLane(
                is_slow=lambda call: of_protocol(call).is_slow(call),
                submit=self._slow_calls.submit,
                on_refused=lambda call, error: of_protocol(call).note_refusal(call, error),
            ),
        )

    def _admin(self, startup: StartupProbe, page: MetricsPage, metrics: AllMetrics) -> AdminRoutes:
        def names() -> Collection[str]:
            return self._core.names

        audit = AuditLog()
        documents = ModelDocuments(self._core, self._plane)
        models = ModelAdmin(self._core, documents, config_file=self._config.model_config_file)
        handlers = AdminHandlers(
            startup=startup,
            metrics=page,
            batching=BatchingReports(self._plane, names),
            profiles=Profiles(self._core.profiler, names),
            models=ModelPages(models),
            audit=audit,
            console=ConsolePages(),
            server=ServerPages(ServerAdmin(self._core, lambda: self._ports, self.drain_request), metrics),
            events=Events(self._core.event_log, self._watchers),
            debug=DebugPages(self._plane.running_requests, GilProbe(_wait_for_lock)),
            warmup=WarmupPages(self._core.recordings, self._core.replays, names),
        )
        check = BrowserCheck(self._config.admin_host, self._config.admin_host_names)
        return AdminRoutes(admin_routes(handlers, salver_version()), check, audit)

    def _reload(self, models: Sequence[ModelConfig], timeout_s: float, writer: str) -> None:
        # Batching first, so that models which are new to both files load with their parameters.
        self._core.batching_reload.step()
        self._core.apply_models(models, timeout_s, writer=writer)

    def _stop(self, drain_timeout_s: float) -> None:
        for poller in self._pollers:
            poller.stop()
        self._core.health.set_draining()
        self._plane.begin_drain()
        # Before the wait, which reload requests would hold up, and before the plane refuses what warm-ups replay.
        self._core.give_up_loads()
        if not self._plane.wait_drained(drain_timeout_s):
            logger.warning("Requests were still running after %s s of draining; they are cut off", drain_timeout_s)
        self._tls.stop(_JOIN_TIMEOUT_S)
        # Before the plane, which would break them off.
        self._watchers.close(_JOIN_TIMEOUT_S)
        # The plane first: a request that comes too late is told UNAVAILABLE, not that there is no such model.
        if not self._plane.stop():
            self.has_endless_run = True
            logger.warning("The run of a model does not end; its thread is left behind")
        self._core.request_loggers.close()
        if self._journal is not None:
            self._journal.close()
        self._core.table.close()
        for threads in (self._control, self._runners):
            if not threads.stop(_JOIN_TIMEOUT_S):
                logger.warning("A %s thread is still busy; it is left behind", threads.name)
        self._core.close()
        self._slow_calls.join(_JOIN_TIMEOUT_S)
        self._streams.join(_JOIN_TIMEOUT_S)
        self._ports = OpenPorts()
        logger.info("Stopped")


def _config(models: ServerConfig | Mapping[str, str | ModelConfig] | None, settings: Mapping[str, Any]) -> ServerConfig:
    if isinstance(models, ServerConfig):
        if settings:
            raise TypeError(f"expected no settings beside a ServerConfig, got {', '.join(sorted(settings))}")
        return models
    return ServerConfig(models=tuple(_model_config(name, model) for name, model in (models or {}).items()), **settings)


def _model_config(name: str, model: str | ModelConfig) -> ModelConfig:
    if isinstance(model, ModelConfig):
        if model.name != name:
            raise ValueError(f"the configuration under {name} is of a model named {model.name}")
        return model
    return ModelConfig(name=name, base_path=str(model))


def run_until_signal(config: ServerConfig) -> int:
    """Serve until SIGTERM or SIGINT, then drain and stop; return the exit status.

    Raises:
        SalverError: The start failed.
    """
    from salver.server.signals import run_until_signal as run

    server = Server(config)
    status = run(server, offer=server.drain_request.become)
    if server.has_endless_run:
        # The libraries it is in would be taken down under it.
        logging.shutdown()
        os._exit(status)
    return status
