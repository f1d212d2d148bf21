"""The part of the admin port's table that is about models."""

from __future__ import annotations

from salver.admin.change import AuditDocument, Change
from salver.admin.model import ModelDocument, ModelReport, ModelsDocument, ModelSpec, VersionDocument
from salver.admin.requests import ChangeQuery, ModelPatch, ModelsQuery, Nothing, VersionChoice, WaitQuery
from salver.errors import Code
from salver.server.admin.about import OF_THE_CONFIGURATION, About, Effect, json_of
from salver.server.admin.answers import document_response
from salver.server.admin.audit import AuditLog
from salver.server.admin.model_pages import ModelPages
from salver.server.admin.router import AdminHandler, AdminRequest, Route
from salver.server.http_response import HttpResponse

_MODEL = "/v1/models/{model}"
_VERSION = f"{_MODEL}/versions/{{version}}"
_LABEL = f"{_MODEL}/labels/{{label}}"


def model_routes(pages: ModelPages, audit: AuditLog) -> tuple[Route, ...]:
    """Return the routes."""

    def entries(request: AdminRequest) -> HttpResponse:
        del request
        return document_response(audit.document())

    told = About(summary="The latest attempts to change something", tag="audit", answer=json_of(AuditDocument))
    return (*_reading(pages), *_changing(pages), *_acting(pages), Route("GET", "/v1/audit", entries, about=told))


def _reading(pages: ModelPages) -> tuple[Route, ...]:
    many = About(
        summary="All models",
        details=OF_THE_CONFIGURATION,
        tag="models",
        query=ModelsQuery,
        answer=json_of(ModelsDocument),
    )
    one = About(
        summary="One model",
        details=OF_THE_CONFIGURATION,
        tag="models",
        answer=json_of(ModelDocument),
        codes=(Code.NOT_FOUND,),
    )
    version = About(
        summary="One version of a model, with its signatures while it serves",
        tag="models",
        answer=json_of(VersionDocument),
        codes=(Code.NOT_FOUND,),
    )
    return (
        Route("GET", "/v1/models", pages.list, about=many),
        Route("GET", _MODEL, pages.get, about=one),
        Route("GET", _VERSION, pages.get_version, about=version),
    )


def _changing(pages: ModelPages) -> tuple[Route, ...]:
    return (
        _change("POST", "/v1/models", pages.add, "Serve one model more", ModelSpec, Code.ALREADY_EXISTS, status=201),
        _change("POST", f"{_MODEL}:pin", pages.pin, "Serve one version alone", VersionChoice),
        _change(
            "POST",
            f"{_MODEL}:unpin",
            pages.unpin,
            "Serve again what the version policy from before the pin says",
            Nothing,
            details="A model whose policy names versions without a pin gets its latest; any other stays as it is.",
        ),
        _change("PATCH", _MODEL, pages.patch, "Change some fields of a model, by a JSON merge patch", ModelPatch),
        _change("DELETE", _MODEL, pages.remove, "Serve a model no longer", None),
        _change("PUT", _LABEL, pages.set_label, "Set or move a version label", VersionChoice),
        _change("DELETE", _LABEL, pages.remove_label, "Remove a version label", None),
    )


def _acting(pages: ModelPages) -> tuple[Route, ...]:
    return (
        _act(f"{_MODEL}:reload", pages.reload, "Look at the base path of a model at once"),
        _act(
            f"{_VERSION}:reload",
            pages.reload_version,
            "Unload a version and load it again",
            details="Requests that the version has are answered first. Other versions of the model go on serving; "
            "where there is none, the model does not serve until the version is loaded again.",
        ),
        _act(f"{_VERSION}:retry", pages.retry_version, "Try to load a failed version again at once"),
    )


def _change(
    method: str,
    path: str,
    handler: AdminHandler,
    summary: str,
    body: type | None,
    *codes: Code,
    status: int = 200,
    details: str = "",
) -> Route:
    about = About(
        summary=summary,
        details=details,
        tag="models",
        query=ChangeQuery,
        body=None if body is None else json_of(body),
        answer=json_of(Change),
        status=status,
        codes=(*codes, Code.FAILED_PRECONDITION, *(() if path == "/v1/models" else (Code.NOT_FOUND,))),
        effect=Effect.CHANGE,
    )
    return Route(method, path, handler, is_slow=True, about=about)


def _act(path: str, handler: AdminHandler, summary: str, details: str = "") -> Route:
    about = About(
        summary=summary,
        details=details,
        tag="models",
        query=WaitQuery,
        body=json_of(Nothing),
        answer=json_of(ModelReport),
        codes=(Code.NOT_FOUND, Code.FAILED_PRECONDITION),
        effect=Effect.ACT,
    )
    return Route("POST", path, handler, is_slow=True, about=about)
