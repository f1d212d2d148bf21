"""Whether the start is over, for orchestrators that wait for it before they probe anything else."""

from __future__ import annotations

from salver.boundary import ControlCall
from salver.server.health import Health
from salver.server.http_response import HttpResponse, text_response

STARTUP_PATH = "/startupz"


class StartupProbe:
    """Answers 200 once each configured model was available or has failed once, and 503 until then.

    Unlike readiness it stays so: a server that drains has started.
    """

    def __init__(self, health: Health) -> None:
        self._health = health

    def __call__(self, call: ControlCall) -> HttpResponse:
        """Answer any method."""
        del call
        return text_response(200, "ok\n") if self._health.is_started else text_response(503, "not started\n")
