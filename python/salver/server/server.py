"""The composition root: a whole server, in a program or behind the command line.

Start, in this order: the data plane is made; the admin port opens; models begin to load; once each is available or has
failed once (or at once, with `serve_while_loading`) the other ports open; the server is ready. Stop: not ready;
accepted requests end, up to a limit; the ports close, the admin port last; every model is unloaded.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from salver.boundary import DataPlane, DataPlaneOptions
from salver.config.server_config import ModelConfig, ServerConfig
from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.core.servable_state_waits import Outcomes
from salver.errors import FailedPreconditionError, UnavailableError
from salver.servables.loaders import Platform
from salver.server import manager_setup
from salver.server.batching_reload import batching_poller
from salver.server.config_poller import config_poller
from salver.server.control_calls import ControlCalls
from salver.server.drain_request import DrainRequest
from salver.server.events.event_watchers import EventWatchers
from salver.server.given_config import given_config
from salver.server.journal import Journal
from salver.server.journal_setup import open_journal
from salver.server.metrics import Metrics
from salver.server.ports import OpenPorts, open_admin_port, open_client_ports
from salver.server.server_core import ServerCore
from salver.server.server_threads import ServerThreads
from salver.server.tls_watcher import TlsWatcher

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

_JOIN_TIMEOUT_S = 1.0
"""How long a stop waits for a thread that is at something else."""

DataPlaneFactory = Callable[[DataPlaneOptions], DataPlane]


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
        self._config = given_config(models, settings)
        self._plane = data_plane(manager_setup.data_plane_options(self._config))
        self._metrics = Metrics()
        self._core = ServerCore(
            self._config, self._plane, servables=servables, platforms=platforms, metrics=self._metrics
        )
        self._threads = ServerThreads(self._config, self._plane, self._core.table)
        pollers = (
            config_poller(self._core.configured, self._config),
            batching_poller(self._core.batching_reload, self._config),
        )
        self._pollers = [poller for poller in pollers if poller is not None]
        self._watchers = EventWatchers(self._core.event_log)
        self.drain_request = DrainRequest(self.stop)
        """What a drain that is asked for on the admin listener becomes."""
        self._router = self._control_calls().router()
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
        return self._core.configured.models

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
        """Block until these models, or all, have a version that serves, and none that they began with still loads.

        Raises:
            NotFoundError: One of them is not configured.
            DeadlineExceededError: The time ran out first.
            SalverError: What the first of them that failed has failed with.
        """
        self._core.wait_until_available(names or self._core.configured.names, timeout_s)

    def apply_models(self, models: Sequence[ModelConfig], *, timeout_s: float | None = 60.0) -> None:
        """Serve these models instead of the present ones; see `ConfiguredModels.apply`."""
        self._core.configured.apply(models, timeout_s)

    # --- Inside

    def _control_calls(self) -> ControlCalls:
        return ControlCalls(
            config=self._config,
            plane=self._plane,
            core=self._core,
            metrics=self._metrics,
            slow_calls=self._threads.slow_calls,
            watchers=self._watchers,
            drain_request=self.drain_request,
            ports=lambda: self._ports,
        )

    def _start(self) -> None:
        self._journal = open_journal(self._config, self._plane, self._metrics)
        self._journal.start()
        self._tls.load()  # first: nothing should be loaded for a server that cannot open its ports
        self._ports = open_admin_port(self._plane, self._config)
        self._threads.answer_calls(self._router)
        self._core.start()
        for poller in self._pollers:
            poller.start()
        self._threads.run_batches()
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

    def _stop(self, drain_timeout_s: float) -> None:
        # First: what runs for long looks at it. A poller may be held up by a file system.
        self._core.health.set_draining()
        self._plane.begin_drain()
        for poller in self._pollers:
            poller.stop(_JOIN_TIMEOUT_S)
        # Before the wait, which reload requests would hold up, and before the plane refuses what warm-ups replay.
        self._core.give_up_loads()
        if not self._plane.wait_drained(drain_timeout_s):
            logger.warning("Requests were still running after %s s of draining; they are cut off", drain_timeout_s)
        self._tls.stop(_JOIN_TIMEOUT_S)
        # Before the plane, which would break them off.
        self._watchers.close(_JOIN_TIMEOUT_S)
        self._threads.await_answers()
        # The plane first: a request that comes too late is told UNAVAILABLE, not that there is no such model.
        if not self._plane.stop():
            self.has_endless_run = True
            logger.warning("The run of a model does not end; its thread is left behind")
        self._core.request_loggers.close()
        if self._journal is not None:
            self._journal.close()
        self._core.table.close()
        self._threads.stop()
        self._core.close()
        self._threads.join_slow()
        self._ports = OpenPorts()
        logger.info("Stopped")
