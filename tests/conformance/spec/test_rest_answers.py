"""rest.md section 6: answers of predict, byte for byte."""

from __future__ import annotations

import json
import struct

from tests.support import http_cases
from tests.support.server_process import ServerProcess
from tests.support.spec_tables import Rest, Table

FORMS, ECHO = (f"/v1/models/{name}:predict" for name in ("rest_forms", "echo_all_dtypes"))


def post(row: int, what: str, body: bytes | str, path: str = FORMS, **more) -> Rest:
    return Rest(row, what, method="POST", path=path, body=body, **more)


def named(signature: str, **more) -> str:
    return json.dumps({"signature_name": signature, **more})


# --- 6 ---------------------------------------------------------------------------------------------------------------

ANSWERS = Table("rest", "6", "Rows or columns, one output or several", 2)
SEVERAL = "list_and_number"


@ANSWERS.each(
    post(1, "rows, one output", '{"instances": [1.0]}', json={"predictions": [1.0]}),
    post(
        1,
        "rows, several outputs",
        named(SEVERAL, instances=[[1.0, 2.0]]),
        json={"predictions": [{"a": [1.0, 2.0], "b": 1.0}]},
    ),
    post(2, "columns, one output", '{"inputs": [1.0]}', json={"outputs": [1.0]}),
    post(2, "columns, one output, a scalar", '{"inputs": 1.0}', json={"outputs": 1.0}),
    post(
        2,
        "columns, several outputs",
        named(SEVERAL, inputs=[[1.0, 2.0]]),
        json={"outputs": {"a": [[1.0, 2.0]], "b": [1.0]}},
    ),
)
def test_answers(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


ROWS = Table("rest", "6-rows", "What rows cannot hold", 2)


@ROWS.each(
    post(1, "an output of rank 0", named("total", instances=[1.0]), status=400, says=("total",)),
    post(2, "outputs of different lengths", named("uneven", instances=[1.0, 2.0, 3.0]), status=400, says=("1", "2")),
)
def test_row_answers(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


NOTES = Table("rest", "6-notes", "The notes on them", 3)


@NOTES.each(
    post(1, "no rows", '{"instances": [[], []]}', json={"predictions": [[], []]}),
    post(
        2,
        "columns may be uneven",
        named("uneven", inputs=[1.0, 2.0, 3.0]),
        json={"outputs": {"first": [1.0], "rest": [2.0, 3.0]}},
    ),
    post(2, "columns may be of rank 0", named("total", inputs=[1.0, 2.0]), json={"outputs": 3.0}),
    post(3, "a signature without outputs", named("nothing", instances=[1.0]), status=400),
)
def test_notes(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# --- 6.1 -------------------------------------------------------------------------------------------------------------

ELEMENTS = Table("rest", "6.1", "Elements by type", 6)


def echoed(row: int, dtype: str, given: str, back: str) -> Rest:
    body = f'{{"signature_name": "echo_{dtype}", "inputs": {given}}}'
    return post(row, f"{dtype} {back}", body, ECHO, text=f'{{\n    "outputs": {back}\n}}')


@ELEMENTS.each(
    echoed(1, "float32", "2.5", "2.5"),
    echoed(1, "float64", "NaN", "NaN"),
    echoed(1, "float32", "Infinity", "Infinity"),
    echoed(1, "float32", "-Infinity", "-Infinity"),
    *(echoed(2, dtype, "7", "7") for dtype in ("int8", "int16", "int32", "uint8", "int64", "uint32", "uint64")),
    echoed(2, "int64", "-9223372036854775808", "-9223372036854775808"),
    echoed(3, "bool", "true", "true"),
    echoed(3, "bool", "false", "false"),
    post(4, "an output whose name ends with _bytes", named("bytes", inputs="hello"),
         text='{\n    "outputs": {\n        "b64": "aGVsbG8="\n    }\n}'),
    post(4, "beside one whose name does not", named("both_strings", instances=["hi"]),
         json={"predictions": [{"s": "hi", "s_bytes": {"b64": "aGk="}}]}),
    echoed(5, "string", '"a\\"b\\\\c\\n/"', '"a\\"b\\\\c\\n/"'),
    post(6, "half", named("to_half", inputs=[1.0]), status=400, says=("half",)),
    post(6, "half in rows", named("to_half", instances=[1.0]), status=400, says=("half",)),
)  # fmt: skip
def test_elements(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


@ELEMENTS.row(5, "bytes that are not UTF-8 go through as they are")
def test_raw_bytes(server: ServerProcess) -> None:
    body = b'{"signature_name": "echo_string", "inputs": {"b64": "//4="}}'
    assert server.post(ECHO, body).body == b'{\n    "outputs": "\xff\xfe"\n}'


# --- 6.2 -------------------------------------------------------------------------------------------------------------

FLOATS = Table("rest", "6.2", "Texts of floats", 4)


@FLOATS.each(
    echoed(1, "float32", "9000000", "9e+06"),
    echoed(1, "float32", "3", "3.0"),
    echoed(2, "float32", "999999", "999999.0"),
    echoed(2, "float32", "[0.0, -0.0]", "[\n        0.0,\n        -0.0\n    ]"),
    echoed(3, "float32", "0.00003", "3e-05"),
    echoed(3, "float32", "555557.5", "555557.5"),
    echoed(4, "float32", "0.2", "0.2"),
    echoed(4, "float32", "1234567", "1234567.0"),
)
def test_floats(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


RULE = Table("rest", "6.2-rule", "The rule behind them: %g if that is exact, else 9 or 17 digits", 2)
PROBES = (
    0.1,
    1 / 3,
    2.5,
    1e21,
    1e-7,
    123456.0,
    1234567.0,
    16777217.0,
    3.4e38,
    1.17549435e-38,
    1e-40,
    100000.0,
    1e6,
    5e-324,
)


def by_rule(value: float, digits: int) -> str:
    """The text that the rule gives."""

    def same(text: str) -> bool:
        kind = "f" if digits == 9 else "d"
        return struct.pack(kind, float(text)) == struct.pack(kind, value)

    text = f"{value:g}"
    text = text if same(text) else f"{value:.{digits}g}"
    return text if "." in text or "e" in text else f"{text}.0"


def narrowed(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


@RULE.each(
    *(echoed(1, "float32", repr(value), by_rule(narrowed(value), 9)) for value in PROBES),
    *(echoed(2, "float64", repr(value), by_rule(value, 17)) for value in PROBES),
)
def test_rule(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# --- 6.3 -------------------------------------------------------------------------------------------------------------

LAYOUT = Table("rest", "6.3", "White space", 5)


@LAYOUT.each(
    post(1, "rows of numbers", '{"instances": [2.5, 3.0, 4.5]}', text='{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'),
    post(2, "rows of lists", '{"instances": [[2.5, 3.0], [3.5, 4.0]]}',
         text='{\n    "predictions": [[2.5, 3.0], [3.5, 4.0]\n    ]\n}'),
    post(4, "columns", '{"inputs": [[2.5, 3.0]]}',
         text='{\n    "outputs": [\n        [\n            2.5,\n            3.0\n        ]\n    ]\n}'),
)  # fmt: skip
def test_layout(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


@LAYOUT.row(3, "rows of several outputs, in any order")
def test_layout_of_named_rows(server: ServerProcess) -> None:
    body = server.post(FORMS, named(SEVERAL, instances=[[2.5, 3.0]])).body.decode()
    a, b = '            "a": [2.5, 3.0]', '            "b": 2.5'
    texts = [
        f'{{\n    "predictions": [\n        {{\n{one},\n{two}\n        }}\n    ]\n}}' for one, two in ((a, b), (b, a))
    ]
    assert body in texts


@LAYOUT.row(5, "an empty batch")
def test_layout_of_no_rows(server: ServerProcess) -> None:
    reply = server.post(FORMS, named("no_rows", instances=[1.0]))
    assert reply.body == b'{\n    "predictions": []\n}'
