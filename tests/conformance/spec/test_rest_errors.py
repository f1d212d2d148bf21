"""rest.md sections 3 and 12: the form of errors and their HTTP codes."""

from __future__ import annotations

from collections.abc import Callable

from tests.support import http_cases
from tests.support.models import MODELS
from tests.support.server_process import ServerProcess
from tests.support.spec_tables import Rest, Table

HALF = "/v1/models/half_plus_two:predict"
ECHO = "/v1/models/echo_all_dtypes:predict"


def post(row: int, what: str, body: bytes | str, path: str = HALF, **more) -> Rest:
    return Rest(row, what, method="POST", path=path, body=body, **more)


FORM = Table("rest", "3", "The form of an error", 3)


@FORM.each(
    post(1, "byte for byte", "{}", "/v1/models/nobody:predict", status=404,
         text='{\n    "error": "Servable not found for request: Latest(nobody)"\n}'),
    post(2, "quotes and lines are escaped, slashes are not", r'{"inputs": "a/b\"\n"}', status=400, says=("a/b",)),
)  # fmt: skip
def test_form(server: ServerProcess, case: Rest) -> None:
    assert b"\\/" not in http_cases.check(server, case).body


@FORM.row(3, "a long message is not cut")
def test_long_message(server: ServerProcess) -> None:
    name = "n" * 3000
    assert f"Latest({name})" in server.post(f"/v1/models/{name}:predict", "{}").error


# Numbers of the canonical codes, in the order of the table: the left column, then the right one.
CODES = {0: 200, 1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429}
CODES |= {9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401}
STATUSES = Table(
    "rest",
    "3-codes",
    "Codes to HTTP",
    18,
    elsewhere={18: "no other code can be made: numbers without a name become UNKNOWN"},
)


@STATUSES.each(
    *(
        post(row, f"code {code}", f'{{"instances": [{code}]}}', "/v1/models/fails:predict", status=status)
        for row, (code, status) in enumerate(CODES.items(), 1)
    )
)
def test_codes(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# --- 12 --------------------------------------------------------------------------------------------------------------

SITUATIONS = Table(
    "rest",
    "12",
    "Errors by situation",
    14,
    elsewhere={
        3: "a table of labels is there from the start",
        10: "rest-1-row-12",
        11: "batching has tests of its own: tests/e2e/test_batching.py and the scheduler's",
        12: "as row 11",
        13: "as row 11",
    },
)
EXAMPLE = '{"signature_name": "%s", "examples": [{"x": 1.0}]}'


@SITUATIONS.each(
    *(
        post(1, f"not loaded: {verb}", body, f"/v1/models/{model}:{verb}", status=404, says=("Servable not found",))
        for verb, body in (("predict", '{"inputs": 1.0}'), ("classify", EXAMPLE % ""), ("regress", EXAMPLE % ""))
        for model in ("nobody", "broken", "two/versions/7")
    ),
    Rest(1, "not loaded: metadata", path="/v1/models/broken/metadata", status=404, says=("Latest(broken)",)),
    *(
        post(2, f"unknown label: {verb}", body, f"/v1/models/two/labels/none:{verb}", status=400, says=("none",))
        for verb, body in (("predict", '{"inputs": 1.0}'), ("classify", EXAMPLE % ""), ("regress", EXAMPLE % ""))
    ),
    Rest(2, "unknown label: metadata", path="/v1/models/two/labels/none/metadata", status=400, says=("none",)),
    post(4, "unknown signature: predict", '{"signature_name": "none", "inputs": 1.0}', status=400, says=("none",)),
    post(
        5,
        "unknown signature: classify",
        EXAMPLE % "none",
        "/v1/models/example_scorer:classify",
        status=400,
        says=("none",),
    ),
    post(
        5,
        "unknown signature: regress",
        EXAMPLE % "none",
        "/v1/models/example_scorer:regress",
        status=400,
        says=("none",),
    ),
    post(5, "unsuitable signature: classify", EXAMPLE % "", "/v1/models/example_scorer:classify", status=400),
    post(5, "unsuitable signature: regress", EXAMPLE % "", "/v1/models/example_scorer:regress", status=400),
    post(
        7,
        "the runtime refuses a shape",
        '{"inputs": {"x": [1.0, 2.0], "factor": 1.0, "addend": [1.0, 2.0, 3.0]}}',
        "/v1/models/defaults:predict",
        status=400,
    ),
    post(8, "a column of a type without JSON", '{"signature_name": "echo_half", "inputs": [1.0]}', ECHO, status=501),
    post(9, "a row of a type without JSON", '{"signature_name": "echo_half", "instances": [1.0]}', ECHO, status=400),
    post(
        9,
        "an output of a type without JSON",
        '{"signature_name": "to_half", "inputs": [1.0]}',
        "/v1/models/rest_forms:predict",
        status=400,
    ),
    post(14, "gzip that cannot be undone", b"no", headers={"Content-Encoding": "gzip"}, status=400),
)
def test_situations(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


@SITUATIONS.row(6, "the method check refuses predict with 500")
def test_method_check(start: Callable[..., ServerProcess]) -> None:
    checking = start("--enable_signature_method_name_check", models={"wrong_verbs": MODELS / "wrong_verbs"})
    reply = checking.post("/v1/models/wrong_verbs:predict", '{"signature_name": "translate", "inputs": [1.0]}')
    assert reply.status == 500
    assert "translate" in reply.error
