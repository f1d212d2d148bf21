"""The OpenAPI 3.1 document of the admin port, made from its table of routes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from salver.admin.limits import MAX_VERSION
from salver.admin.requests import Nothing
from salver.admin.server import ErrorDocument
from salver.errors import HTTP_STATUS, Code
from salver.server.admin.about import JSON, About, Content, Effect
from salver.server.admin.router import Route
from salver.server.admin.schema import Schema, Schemas

_TITLE = "Admin API of Salver"
_TEXT = "What operators ask a model server. Every error is a JSON object with a text and the name of a gRPC code."
_PATH_PARAMETERS: Mapping[str, tuple[Schema, str]] = {
    "model": ({"type": "string", "minLength": 1}, "Name of the model, percent-encoded"),
    "version": ({"type": "integer", "minimum": 0, "maximum": MAX_VERSION}, "Number of the version"),
    "label": ({"type": "string", "minLength": 1}, "The version label, percent-encoded"),
}
_TEXT_PARAMETER: tuple[Schema, str] = ({"type": "string", "minLength": 1}, "")
_ACTOR = ("X-Salver-Actor", "Who asks, for the audit")
_IF_MATCH = ("If-Match", "The ETag of the configuration that the change was made up from; another one is not changed")
_LOST_UPDATE = 412


def openapi_document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Return the document for those of the routes that say what they are about.

    Args:
        routes: The table.
        version: Of the program.
    """
    written, read = Schemas(), Schemas(is_strict=True)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.about is not None:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, route.about, written, read)
    schemas = {**written.named, **read.named, "Error": written.named.get("Error") or _error_schema()}
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "description": _TEXT, "version": version},
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _operation(route: Route, about: About, written: Schemas, read: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": about.summary,
        "tags": [about.tag],
        "parameters": [*_path_parameters(route.path), *_query_parameters(about, read), *_header_parameters(about)],
        "responses": {**_answers(about, written), **_refusals(route, about)},
    }
    if about.details:
        operation["description"] = about.details
    if about.body is not None:
        operation["requestBody"] = {
            "required": about.body.kind is not Nothing,
            "content": _content(about.body, read),
        }
    return operation


def _operation_id(route: Route) -> str:
    words = re.findall(r"[A-Za-z0-9]+", route.path.removeprefix("/v1/"))
    return "_".join((route.method.lower(), *words))


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{([^}]+)}", path):
        schema, text = _PATH_PARAMETERS.get(name, _TEXT_PARAMETER)
        yield {"name": name, "in": "path", "required": True, "schema": schema, "description": text}


def _query_parameters(about: About, read: Schemas) -> Iterator[dict[str, Any]]:
    if about.query is not None:
        for name, schema, is_needed in read.fields(about.query):
            text = schema.pop("description", "")
            yield {"name": name, "in": "query", "required": is_needed, "schema": _not_null(schema), "description": text}


def _not_null(schema: Schema) -> Schema:
    """The schema of a value in a query, which may be missing but cannot be null."""
    if isinstance(schema.get("type"), list):
        schema = {**schema, "type": next(one for one in schema["type"] if one != "null")}
    if "enum" in schema:
        schema = {**schema, "enum": [one for one in schema["enum"] if one is not None]}
    return schema


def _header_parameters(about: About) -> Iterator[dict[str, Any]]:
    headers = {Effect.NONE: (), Effect.ACT: (_ACTOR,), Effect.CHANGE: (_ACTOR, _IF_MATCH)}[about.effect]
    for name, text in headers:
        yield {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": text}


def _answers(about: About, written: Schemas) -> dict[str, Any]:
    answers = {str(about.status): _response(about, written)}
    if about.effect is Effect.CHANGE:
        answers["200"] = _response(about, written)  # of a dry run, in any case
    return answers


def _response(about: About, written: Schemas) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": about.answer.text or "What was asked for",
        "content": _content(about.answer, written),
    }
    if about.effect is Effect.CHANGE:
        etag = {"schema": {"type": "string"}, "description": "That of the configuration afterwards"}
        response["headers"] = {"ETag": etag}
    return response


def _content(content: Content, schemas: Schemas) -> dict[str, Any]:
    if content.kind is not None:
        schema = schemas.of(content.kind)
    elif content.media_type == JSON:
        schema = {"type": "object"}
    else:
        schema = {"type": "string"}
    return {content.media_type: {"schema": schema}}


def _refusals(route: Route, about: About) -> dict[str, Any]:
    codes = {Code.INVALID_ARGUMENT, *about.codes}
    if route.is_slow:
        codes |= {Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE}
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(HTTP_STATUS[code], []).append(code.name)
    if about.effect is Effect.CHANGE:
        by_status[_LOST_UPDATE] = ["ABORTED: somebody else changed the models since the ETag was given"]
    by_status.pop(about.status, None)
    content = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        str(status): {"description": ", ".join(names), "content": content}
        for status, names in sorted(by_status.items())
    }


def _error_schema() -> Schema:
    schemas = Schemas()
    schemas.of(ErrorDocument)
    return schemas.named["Error"]
