"""The table of the admin port: every path, its methods and who answers."""

from __future__ import annotations

from salver.server.admin.batching import BatchingReports
from salver.server.admin.console.pages import CONSOLE_PATH, ConsolePages
from salver.server.admin.router import AdminHandler, Route
from salver.server.http_response import HttpHandler
from salver.server.startup_probe import STARTUP_PATH


def admin_routes(
    *, startup: HttpHandler, metrics: HttpHandler, batching: BatchingReports, profiles: AdminHandler
) -> tuple[Route, ...]:
    """Return the whole table; `/livez` and `/readyz` the data plane answers itself."""
    return (
        Route("GET", STARTUP_PATH, lambda request: startup(request.call)),
        Route("GET", "/metrics", lambda request: metrics(request.call)),
        Route("GET", "/v1/batching", batching.all),
        Route("POST", "/v1/batching/{model}:profile", profiles, is_slow=True),
        Route("GET", "/v1/batching/{model}", batching.of_model),
        *console_routes(ConsolePages()),
    )


def console_routes(pages: ConsolePages) -> tuple[Route, ...]:
    """Return the part of the table that is for browsers."""
    return (
        Route("GET", "/", pages.root),
        Route("GET", CONSOLE_PATH.rstrip("/"), pages.redirect),
        Route("GET", CONSOLE_PATH, pages.index),
        Route("GET", f"{CONSOLE_PATH}{{file}}", pages.file),
    )
