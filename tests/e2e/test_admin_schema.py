"""Made-up requests for every route of the OpenAPI document, sent to a real server by schemathesis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as openapi_checks

from salver.server.admin.openapi import openapi_document
from salver.server.admin.router import Route
from salver.server.admin.routes import admin_routes, some_handlers
from tests.support.models import HALF_PLUS_TWO
from tests.support.server_process import ServerProcess, served

pytestmark = pytest.mark.timeout(180)

LEFT_OUT = {
    ("GET", "/v1/events"): "a stream without an end",
    ("POST", "/v1/server:drain"): "it ends the server",
    ("POST", "/v1/models/{model}:record"): "it waits for requests",
}
"""Routes that are not asked, and why."""
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
NUM_EXAMPLES = 8
SHORT_S = 0.05
"""What is made of longer times that a request asks for."""
NAME = "half_plus_two"
ROUTES = [
    route
    for route in admin_routes(some_handlers())
    if route.about is not None and (route.method, route.path) not in LEFT_OUT
]


def _can_be_wrong(route: Route) -> bool:
    """Whether a request for this path can say something that it may not, beside parameters that do not exist."""
    assert route.about is not None
    has_query = route.about.query is not None and bool(fields(route.about.query))
    return has_query or route.about.body is not None or "{version}" in route.path


CASES = [
    *((route.method, route.path, GenerationMode.POSITIVE) for route in ROUTES),
    *((route.method, route.path, GenerationMode.NEGATIVE) for route in ROUTES if _can_be_wrong(route)),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder: Path = tmp_path_factory.mktemp("schema")
    with served(folder, models={NAME: HALF_PLUS_TWO}, has_admin_port=True) as running:
        yield running


@pytest.fixture(scope="module")
def schema(server: ServerProcess) -> Any:
    document = server.ask_admin("/openapi.json").json()
    loaded = schemathesis.openapi.from_dict(document)
    loaded.config.update(base_url=f"http://127.0.0.1:{server.admin_port}")
    return loaded


def test_the_document_is_that_of_the_table(server: ServerProcess) -> None:
    document = server.ask_admin("/openapi.json").json()
    assert document["info"].pop("version") not in {"", "unknown"}
    made = json.loads(json.dumps(openapi_document(admin_routes(some_handlers()), "")))
    del made["info"]["version"]
    assert document == made


@pytest.mark.parametrize(("method", "path", "mode"), CASES, ids=lambda part: getattr(part, "value", part))
def test_every_answer_is_as_the_document_says(
    server: ServerProcess, schema: Any, method: str, path: str, mode: GenerationMode
) -> None:
    @given(case=schema[path][method].as_strategy(generation_mode=mode), is_of_model=st.booleans())
    @settings(
        max_examples=NUM_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, is_of_model: bool) -> None:
        _tame(case, is_of_model=is_of_model)
        response = case.call(timeout=30)
        case.validate_response(response, checks=CHECKS)

    ask()
    server.assert_alive()


def _tame(case: Any, *, is_of_model: bool) -> None:
    """Have it be of the model that there is, if so wanted, and neither wait for long nor change that model."""
    if is_of_model and "model" in case.path_parameters:
        case.path_parameters["model"] = NAME
        if "dry_run" in case.query or case.method in {"DELETE", "PATCH", "PUT"} or case.path.endswith("pin"):
            case.query["dry_run"] = "true"
    for name in ("wait_s", "window_s"):
        if isinstance(case.query.get(name), int | float) and case.query[name] > SHORT_S:
            case.query[name] = SHORT_S
