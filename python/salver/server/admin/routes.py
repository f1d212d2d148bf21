"""The table of the admin port: every path, its methods and who answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from salver.errors import Code
from salver.server.admin.about import JSON, TEXT, About, Content
from salver.server.admin.audit import AuditLog
from salver.server.admin.batching import BatchingReports
from salver.server.admin.console.pages import CONSOLE_PATH, ConsolePages
from salver.server.admin.debug_pages import DebugPages
from salver.server.admin.model_pages import ModelPages
from salver.server.admin.model_routes import model_routes
from salver.server.admin.router import AdminHandler, AdminRequest, Route
from salver.server.admin.server_pages import ServerPages
from salver.server.admin.server_routes import server_routes
from salver.server.admin.warmup import WarmupPages
from salver.server.admin.warmup_routes import warmup_routes
from salver.server.http_response import HttpHandler, HttpResponse, json_response
from salver.server.startup_probe import STARTUP_PATH

_BATCHING = Content(JSON, text="What came of batching, for each signature of each version that serves")
_PROFILE = Content(JSON, text="How long batches run, by their rows")


@dataclass(frozen=True, kw_only=True)
class AdminHandlers:
    """Who answers."""

    startup: HttpHandler
    metrics: HttpHandler
    batching: BatchingReports
    profiles: AdminHandler
    models: ModelPages
    audit: AuditLog
    console: ConsolePages
    server: ServerPages
    events: AdminHandler
    debug: DebugPages
    warmup: WarmupPages


def admin_routes(handlers: AdminHandlers, version: str = "") -> tuple[Route, ...]:
    """Return the whole table; `/livez` and `/readyz` the data plane answers itself.

    Args:
        handlers: Who answers.
        version: Of the program, for `/openapi.json`.
    """
    routes = (
        *_page_routes(handlers),
        *server_routes(pages=handlers.server, events=handlers.events, debug=handlers.debug),
        *model_routes(handlers.models, handlers.audit),
        *_batching_routes(handlers),
        *warmup_routes(handlers.warmup),
        *console_routes(handlers.console),
    )
    return (*routes, _openapi_route(routes, version))


def console_routes(pages: ConsolePages) -> tuple[Route, ...]:
    """Return the part of the table that is for browsers, and no part of the API."""
    return (
        Route("GET", "/", pages.root),
        Route("GET", CONSOLE_PATH.rstrip("/"), pages.redirect),
        Route("GET", CONSOLE_PATH, pages.index),
        Route("GET", f"{CONSOLE_PATH}{{file}}", pages.file),
    )


def some_handlers(**handlers: Any) -> AdminHandlers:
    """Return these handlers, and nobody in the place of the others: for tests, and to read the table alone."""
    return AdminHandlers(**{**dict.fromkeys(AdminHandlers.__dataclass_fields__, _Nobody()), **handlers})


class _Nobody:
    """Stands in the place of every handler."""

    def __getattr__(self, name: str) -> _Nobody:
        return self


def _page_routes(handlers: AdminHandlers) -> tuple[Route, ...]:
    startup = About(
        summary="Whether each configured model was available or has failed once",
        query=None,
        answer=TEXT,
        codes=(Code.UNAVAILABLE,),
    )
    metrics = About(summary="The metrics, as Prometheus reads them", query=None, answer=TEXT)
    return (
        Route("GET", STARTUP_PATH, lambda request: handlers.startup(request.call), about=startup),
        Route("GET", "/metrics", lambda request: handlers.metrics(request.call), about=metrics),
    )


def _batching_routes(handlers: AdminHandlers) -> tuple[Route, ...]:
    batching = handlers.batching
    many = About(summary="What came of batching, of all models", tag="batching", answer=_BATCHING)
    one = About(
        summary="What came of batching, of one model", tag="batching", answer=_BATCHING, codes=(Code.NOT_FOUND,)
    )
    profile = About(
        summary="Measure how long batches of a model run",
        tag="batching",
        body=Content(JSON, text="What is to be profiled"),
        answer=_PROFILE,
        codes=(Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.DEADLINE_EXCEEDED),
    )
    return (
        Route("GET", "/v1/batching", batching.all, about=many),
        Route("POST", "/v1/batching/{model}:profile", handlers.profiles, is_slow=True, about=profile),
        Route("GET", "/v1/batching/{model}", batching.of_model, about=one),
    )


def _openapi_route(routes: Iterable[Route], version: str) -> Route:
    about = About(
        summary="This document", query=None, answer=Content(JSON, text="The OpenAPI document of the admin API")
    )

    @cache
    def text() -> str:
        from salver.server.admin.openapi import openapi_document

        return json.dumps(openapi_document((*routes, route), version))

    def answer(request: AdminRequest) -> HttpResponse:
        del request
        return json_response(text())

    route = Route("GET", "/openapi.json", answer, about=about)
    return route
