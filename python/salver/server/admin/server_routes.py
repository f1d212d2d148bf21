"""The part of the admin port's table that is about the server as a whole."""

from __future__ import annotations

from salver.admin.requests import EventsQuery
from salver.errors import Code
from salver.server.admin.about import About, Content
from salver.server.admin.router import AdminHandler, Route

_EVENTS = Content("text/event-stream", text="Server-sent events; with `Accept: application/json` a list of the latest")


def server_routes(*, events: AdminHandler) -> tuple[Route, ...]:
    """Return the routes."""
    about = About(
        summary="What happens, as it happens",
        tag="events",
        query=EventsQuery,
        answer=_EVENTS,
        codes=(Code.RESOURCE_EXHAUSTED,),
    )
    return (Route("GET", "/v1/events", events, about=about),)
