"""The page docs/admin-api.md, made from the table of routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salver.server.admin.openapi import openapi_document
from salver.server.admin.routes import admin_routes, some_handlers

_HEAD = """\
# Admin API

Made from the table of routes; do not edit by hand. The server has the same as an OpenAPI document, `GET /openapi.json`.
[The guide](guides/admin.md) says how to use it.
"""


def reference_page() -> str:
    """Return the page in Markdown."""
    document = openapi_document(admin_routes(some_handlers()), "")
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = dict.fromkeys(operation["tags"][0] for _, _, operation in operations)
    lines = [_HEAD]
    for tag in tags:
        lines.append(f"## Routes: {tag}\n")
        lines += [_section(*one) for one in operations if one[2]["tags"][0] == tag]
    lines.append("## Documents\n")
    lines += [_document(name, schema) for name, schema in document["components"]["schemas"].items()]
    return "\n".join(lines)


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    return "\n".join([f"### `{method} {path}`\n", *_told(operation), ""])


def _told(operation: dict[str, Any]) -> Iterator[str]:
    yield f"{operation['summary']}. {operation.get('description', '')}".rstrip() + "\n"
    parameters = [one for one in operation["parameters"] if one["in"] != "path"]
    if parameters:
        yield "| Parameter | | |\n| --- | --- | --- |"
        yield from (f"| `{one['name']}` | {_kind(one['schema'])} | {_cell(one['description'])} |" for one in parameters)
        yield ""
    if "requestBody" in operation:
        yield f"Body: {_contents(operation['requestBody'])}\n"
    answers = [
        f"{status} {_contents(response) if status < '300' else response['description']}"
        for status, response in operation["responses"].items()
    ]
    yield f"Answers: {'; '.join(answers)}\n"


def _contents(of: dict[str, Any]) -> str:
    return ", ".join(f"`{media}` {_kind(content['schema'])}".rstrip() for media, content in of["content"].items())


def _document(name: str, schema: dict[str, Any]) -> str:
    lines = [f"### {name}\n", schema.get("description", "")]
    if schema.get("properties"):
        lines.append("\n| Field | | |\n| --- | --- | --- |")
        lines += [
            f"| `{field}` | {_kind(value)} | {_cell(value.get('description', ''))} |"
            for field, value in schema["properties"].items()
        ]
    return "\n".join([*lines, ""])


def _kind(schema: dict[str, Any]) -> str:
    """The type of a value in few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema or "oneOf" in schema:
        kinds = [_kind(one) for one in schema.get("anyOf") or schema["oneOf"]]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return ", ".join("null" if one is None else f"`{one}`" for one in schema["enum"])
    kind = schema.get("type", "any")
    words = " or ".join(kind) if isinstance(kind, list) else kind
    if kind == "array":
        return f"list of {_kind(schema['items'])}"
    extra = schema.get("additionalProperties")
    return f"{words} of {_kind(extra)}" if isinstance(extra, dict) and extra else str(words)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
