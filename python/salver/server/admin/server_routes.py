"""The part of the admin port's table that is about the server as a whole."""

from __future__ import annotations

from salver.admin.debug import GilReport, RequestList
from salver.admin.requests import DrainRequest, EventsQuery, GilQuery, RequestsQuery
from salver.admin.server import ServerDocument, ServerState
from salver.errors import Code
from salver.server.admin.about import JSON, OF_THE_CONFIGURATION, TEXT, About, Content, Effect, json_of
from salver.server.admin.debug_pages import DebugPages
from salver.server.admin.router import AdminHandler, Route
from salver.server.admin.server_pages import ServerPages

_EVENTS = Content("text/event-stream", text="Server-sent events; with `Accept: application/json` a list of the latest")


def server_routes(*, pages: ServerPages, events: AdminHandler, debug: DebugPages) -> tuple[Route, ...]:
    """Return the routes."""
    watch = About(
        summary="What happens, as it happens",
        tag="events",
        query=EventsQuery,
        answer=_EVENTS,
        codes=(Code.RESOURCE_EXHAUSTED,),
    )
    return (*_server(pages), Route("GET", "/v1/events", events, about=watch), *_debug(debug))


def _server(pages: ServerPages) -> tuple[Route, ...]:
    server = About(summary="The server as a whole", details=OF_THE_CONFIGURATION, answer=json_of(ServerDocument))
    drain = About(
        summary="Begin the end of the server, as SIGTERM does",
        details="The server is no longer ready, answers the requests that it has, and ends. Asked again, nothing more "
        "happens.",
        body=json_of(DrainRequest),
        answer=json_of(ServerState),
        status=202,
        effect=Effect.ACT,
    )
    metrics = About(
        summary="The metrics, with the names and numbers of `/metrics`",
        answer=Content(JSON, text="The time, and the families with their series"),
    )
    return (
        Route("GET", "/v1/server", pages.get, about=server),
        Route("POST", "/v1/server:drain", pages.drain, about=drain),
        Route("GET", "/v1/metrics", pages.metrics, about=metrics),
    )


def _debug(pages: DebugPages) -> tuple[Route, ...]:
    requests = About(
        summary="Requests that are queued, run, or wait to be answered",
        details="Of clients alone; those whose bodies still come in are not among them.",
        tag="debug",
        query=RequestsQuery,
        answer=json_of(RequestList),
    )
    stacks = About(summary="Where each thread of Python is", tag="debug", answer=TEXT)
    gil = About(
        summary="How busy the interpreter lock of Python is",
        details="Measured while the request waits, by asking for the lock about every millisecond.",
        tag="debug",
        query=GilQuery,
        answer=json_of(GilReport),
    )
    return (
        Route("GET", "/debug/requests", pages.requests, is_slow=True, about=requests),
        Route("GET", "/debug/stacks", pages.stacks, about=stacks),
        Route("GET", "/debug/gil", pages.gil, is_slow=True, about=gil),
    )
