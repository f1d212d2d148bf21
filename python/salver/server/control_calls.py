"""Who answers what is not inference: status, metadata and reload of clients, and the whole admin port."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from salver.boundary import ControlCall, DataPlane
from salver.config.server_config import ModelConfig, ServerConfig
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
from salver.server.control_router import ControlRouter, SlowLane
from salver.server.debug.gil import GilProbe
from salver.server.drain_request import DrainRequest
from salver.server.events.event_watchers import EventWatchers
from salver.server.metrics import Metrics
from salver.server.metrics_page import MetricsPage
from salver.server.model_metadata import GET_MODEL_METADATA, ModelMetadata
from salver.server.model_reload import RELOAD_CONFIG, ModelReload
from salver.server.model_status import GET_MODEL_STATUS, ModelStatus
from salver.server.ports import OpenPorts
from salver.server.reflection import ADMIN_SERVICES, reflection_methods
from salver.server.rest_routes import RestRoutes
from salver.server.server_core import ServerCore
from salver.server.slow_calls import SlowCalls
from salver.server.startup_probe import STARTUP_PATH, StartupProbe
from salver.version import salver_version


def _wait_for_lock(pause_s: float) -> float:
    # Imported by the call: a server over a data plane of a test needs no extension.
    from salver.dataplane import wait_for_lock

    return wait_for_lock(pause_s)


@dataclass(frozen=True, kw_only=True)
class ControlCalls:
    """Makes the router of a server from what its calls ask and change."""

    config: ServerConfig
    plane: DataPlane
    core: ServerCore
    metrics: Metrics
    slow_calls: SlowCalls
    """Runs those that may wait."""
    watchers: EventWatchers
    drain_request: DrainRequest
    ports: Callable[[], OpenPorts]
    """Says which ports are open now."""

    def router(self) -> ControlRouter:
        """Return what answers every control call of a server."""
        status = ModelStatus(self.core.monitor)
        metadata = ModelMetadata(self.core.table.resolve)
        methods = {GET_MODEL_STATUS: status.grpc, GET_MODEL_METADATA: metadata.grpc, **reflection_methods()}
        metrics = AllMetrics(self.plane, self.metrics, self.core.monitor, self.core.version_metrics)
        reload = ModelReload(self._reload, metrics.first_values)
        page, startup = MetricsPage(metrics), StartupProbe(self.core.health)
        pages = {STARTUP_PATH: startup} | ({self.config.metrics_path: page} if self.config.metrics_enabled else {})
        admin = self._admin(startup, page, metrics)
        service = AdminService(admin, self.core.event_log, self.watchers, reflection_methods(ADMIN_SERVICES))

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
                submit=self.slow_calls.submit,
                on_refused=lambda call, error: of_protocol(call).note_refusal(call, error),
            ),
        )

    def _admin(self, startup: StartupProbe, page: MetricsPage, metrics: AllMetrics) -> AdminRoutes:
        def names() -> Collection[str]:
            return self.core.configured.names

        audit = AuditLog()
        documents = ModelDocuments(self.core, self.plane)
        models = ModelAdmin(self.core, documents, config_file=self.config.model_config_file)
        handlers = AdminHandlers(
            startup=startup,
            metrics=page,
            batching=BatchingReports(self.plane, names),
            profiles=Profiles(self.core.profiler, names),
            models=ModelPages(models),
            audit=audit,
            console=ConsolePages(),
            server=ServerPages(ServerAdmin(self.core, self.ports, self.drain_request), metrics),
            events=Events(self.core.event_log, self.watchers),
            debug=DebugPages(self.plane.running_requests, GilProbe(_wait_for_lock)),
            warmup=WarmupPages(self.core.recordings, self.core.replays, names),
        )
        check = BrowserCheck(self.config.admin_host, self.config.admin_host_names)
        return AdminRoutes(admin_routes(handlers, salver_version()), check, audit)

    def _reload(self, models: Sequence[ModelConfig], timeout_s: float, writer: str) -> None:
        # Batching first, so that models which are new to both files load with their parameters.
        self.core.batching_reload.step()
        self.core.configured.apply(models, timeout_s, writer=writer)
