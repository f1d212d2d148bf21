"""The part of the admin port's table that is about the server as a whole."""

from __future__ import annotations

from salver.server.admin.router import AdminHandler, Route


def server_routes(*, events: AdminHandler) -> tuple[Route, ...]:
    """Return the routes."""
    return (Route("GET", "/v1/events", events),)
