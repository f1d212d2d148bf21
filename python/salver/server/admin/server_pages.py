"""The routes about the server as a whole: what it is, its end, its metrics."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from salver.admin.requests import DrainRequest as DrainDocument
from salver.admin.server import Ports, ServerDocument, ServerState
from salver.admin.times import rfc3339
from salver.boundary import AnswerStream, MetricFamily
from salver.core.servable_state import ManagerState
from salver.server.admin.answers import document_response
from salver.server.admin.router import AdminRequest
from salver.server.drain_request import DrainRequest
from salver.server.http_response import AnyResponse, StreamedResponse, json_response
from salver.server.metrics_json import families_json
from salver.server.ports import OpenPorts
from salver.server.server_core import ServerCore
from salver.version import salver_version


class ServerAdmin:
    """What operators ask of a server as a whole, whatever protocol they ask in. Thread-safe."""

    def __init__(
        self,
        core: ServerCore,
        ports: Callable[[], OpenPorts],
        drain: DrainRequest,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Make it for a server that starts now.

        Args:
            core: What serves.
            ports: Says which ports are open.
            drain: Begins the end.
            clock: Gives the time, seconds since the epoch.
        """
        self._core = core
        self._ports = ports
        self._drain = drain
        self._clock = clock
        self._started_s = clock()

    def server(self) -> ServerDocument:
        """Return the server as it is."""
        core, ports = self._core, self._ports()
        return ServerDocument(
            version=salver_version(),
            state=core.health.state,
            is_ready=core.health.is_ready,
            started_at=rfc3339(self._started_s),
            uptime_s=round(max(0.0, self._clock() - self._started_s), 3),
            pid=os.getpid(),
            ports=Ports(grpc=ports.grpc, rest=ports.rest, admin=ports.admin),
            resident_bytes=resident_bytes(),
            num_models=len(core.configured.names),
            num_versions_available=core.monitor.count_versions()[ManagerState.AVAILABLE],
            num_in_flight=core.table.total_in_flight(),
            config_writer=core.configured.writer,
            python_version=sys.version.partition(" ")[0],
            etag=core.configured.in_force.etag,
        )

    def drain(self, wait_s: float | None) -> ServerState:
        """Begin to drain; see `DrainRequest.make`."""
        self._drain.make(wait_s)
        return ServerState(state="DRAINING")


class ServerPages:
    """Answers with what `ServerAdmin` says."""

    def __init__(self, admin: ServerAdmin, families: Callable[[], Iterable[MetricFamily]]) -> None:
        """Make the handlers; `families` gives the metrics of now."""
        self._admin = admin
        self._families = families

    def get(self, request: AdminRequest) -> AnyResponse:
        """Answer with the server."""
        del request
        found = self._admin.server()
        return document_response(found, etag=found.etag)

    def drain(self, request: AdminRequest) -> AnyResponse:
        """Answer first, and drain then: a server without requests may have gone before the answer."""
        document: DrainDocument = request.document
        answer = document_response(ServerState(state="DRAINING"), status=202)

        def send(stream: AnswerStream) -> None:
            stream.send(answer.body)
            stream.end()
            self._admin.drain(document.wait_s)

        return StreamedResponse(answer.status, answer.headers, send)

    def metrics(self, request: AdminRequest) -> AnyResponse:
        """Answer with all metrics."""
        del request
        document = {"at": rfc3339(time.time()), "families": families_json(self._families())}
        return json_response(json.dumps(document) + "\n")


def resident_bytes() -> int | None:
    """Return the memory that this process has now; None where the system does not say so."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
