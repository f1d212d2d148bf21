"""rest.md section 5: bodies of predict requests."""

from __future__ import annotations

import json

from tests.support import http_cases
from tests.support.server_process import ServerProcess
from tests.support.spec_tables import Rest, Table

HALF, FORMS, ECHO = (f"/v1/models/{name}:predict" for name in ("half_plus_two", "rest_forms", "echo_all_dtypes"))


def post(row: int, what: str, body: str, path: str = FORMS, **more) -> Rest:
    return Rest(row, what, method="POST", path=path, body=body, **more)


def refused(row: int, what: str, body: str, *says: str, path: str = FORMS) -> Rest:
    return post(row, what, body, path, status=400, says=says)


def named(signature: str, **more) -> str:
    """A body for one signature."""
    return json.dumps({"signature_name": signature, **more})


# --- 5 ---------------------------------------------------------------------------------------------------------------

BODY = Table("rest", "5", "Rows or columns", 6)


@BODY.each(
    refused(1, "an unknown signature", '{"signature_name": "none", "inputs": 1.0}', "none"),
    refused(2, "a signature without inputs", named("no_inputs", inputs={}), path="/v1/models/odd_signatures:predict"),
    refused(3, "both forms", '{"instances": [1.0], "inputs": [1.0]}', "instances", "inputs"),
    refused(4, "neither form", "{}", "instances", "inputs"),
    *(
        refused(5, f"instances as {value}", f'{{"instances": {value}}}', "instances")
        for value in ("[]", "1.0", "{}", "null", '"a"')
    ),
    post(
        6, "an unknown model", '{"instances": [1.0]}', "/v1/models/nobody:predict", status=404, says=("Latest(nobody)",)
    ),
    post(
        6,
        "an unknown version",
        '{"inputs": [1.0]}',
        "/v1/models/two/versions/7:predict",
        status=404,
        says=("Specific(two, 7)",),
    ),
)
def test_body(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# --- 5.1 -------------------------------------------------------------------------------------------------------------

SCALARS = Table("rest", "5.1", "Scalars by type", 8)
TYPE_NAMES = {"float32": "float", "float64": "double", "complex64": "complex64"}


def accepted(row: int, dtype: str, text: str, back: str) -> Rest:
    """One value in columns, and the text that comes back."""
    body = f'{{"signature_name": "echo_{dtype}", "inputs": {text}}}'
    return post(row, f"{dtype}: {text}", body, ECHO, text=f'{{\n    "outputs": {back}\n}}')


def rejected(row: int, dtype: str, text: str, kind: str) -> Rest:
    body = f'{{"signature_name": "echo_{dtype}", "inputs": {text}}}'
    return refused(row, f"{dtype}: {text}", body, kind, TYPE_NAMES.get(dtype, dtype), path=ECHO)


def unsupported(dtype: str) -> Rest:
    body = f'{{"signature_name": "echo_{dtype}", "inputs": [1]}}'
    return post(8, dtype, body, ECHO, status=501, says=(dtype,))


@SCALARS.each(
    accepted(1, "float32", "1", "1.0"),
    accepted(1, "float32", "16777217", "16777216.0"),
    accepted(1, "float32", "1e39", "Infinity"),
    accepted(1, "float32", "-1e39", "-Infinity"),
    accepted(1, "float32", "1e-50", "0.0"),
    accepted(1, "float32", "NaN", "NaN"),
    accepted(1, "float64", "1", "1.0"),
    accepted(1, "float64", "0.1", "0.1"),
    accepted(1, "float64", "-Infinity", "-Infinity"),
    *(
        rejected(1, dtype, text, kind)
        for dtype in ("float32", "float64")
        for text, kind in (
            ("true", "True"),
            ("false", "False"),
            ('"1"', "String"),
            ("null", "Null"),
            ('[{"a": 1}]', "Object"),
        )
    ),
    accepted(2, "int32", "-2147483648", "-2147483648"),
    accepted(2, "int32", "2147483647", "2147483647"),
    accepted(2, "int8", "300", "44"),
    accepted(2, "int16", "70000", "4464"),
    accepted(2, "uint8", "-1", "255"),
    *(
        rejected(2, dtype, text, "Number")
        for dtype in ("int32", "int16", "int8", "uint8")
        for text in ("1.0", "1e3", "2147483648")
    ),
    *(rejected(2, "int32", text, kind) for text, kind in (("true", "True"), ("null", "Null"), ('"1"', "String"))),
    accepted(3, "int64", "-9223372036854775808", "-9223372036854775808"),
    accepted(3, "int64", "9223372036854775807", "9223372036854775807"),
    rejected(3, "int64", "9223372036854775808", "Number"),
    rejected(3, "int64", "1.0", "Number"),
    accepted(4, "uint32", "4294967295", "4294967295"),
    *(rejected(4, "uint32", text, "Number") for text in ("-1", "4294967296", "1.0")),
    accepted(5, "uint64", "18446744073709551615", "18446744073709551615"),
    *(rejected(5, "uint64", text, "Number") for text in ("-1", "18446744073709551616", "1.0")),
    accepted(6, "bool", "true", "true"),
    accepted(6, "bool", "false", "false"),
    rejected(6, "bool", "0", "Number"),
    rejected(6, "bool", "1", "Number"),
    accepted(7, "string", '"\\u00e9"', '"é"'),
    accepted(7, "string", '{"b64": "aGVsbG8="}', '"hello"'),
    *(rejected(7, "string", text, kind) for text, kind in (("1", "Number"), ("true", "True"), ("null", "Null"))),
    *(
        unsupported(dtype)
        for dtype in (
            "uint16",
            "half",
            "bfloat16",
            "complex64",
            "complex128",
            "qint8",
            "quint8",
            "qint32",
            "qint16",
            "quint16",
            "float8_e5m2",
            "int4",
            "uint4",
        )
    ),
)
def test_scalars(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


BASE64 = Table("rest", "5.1-base64", "Base64 and the text of a wrong type", 5)


@BASE64.each(
    accepted(1, "string", '{"b64": "aGVsbG8"}', '"hello"'),
    accepted(1, "string", '{"b64": "aGVs bG8=\\n"}', '"hello"'),
    accepted(1, "string", '{"b64": ""}', '""'),
    refused(2, "the other alphabet", '{"signature_name": "echo_string", "inputs": {"b64": "_-8="}}', path=ECHO),
    refused(2, "no base64", '{"signature_name": "echo_string", "inputs": [{"b64": "a*b"}]}', path=ECHO),
    *(
        refused(
            3,
            f"an object of another form: {value}",
            f'{{"signature_name": "echo_string", "inputs": [{value}]}}',
            path=ECHO,
        )
        for value in ('{"b64": 1}', '{"b64": "aGVs", "more": 1}', "{}", '{"base64": "aGVs"}')
    ),
    refused(4, "an object for another type", '{"inputs": [{"b64": "aGVs"}]}', "float"),
    refused(5, "the value in the message is cut", '{"inputs": ["' + "a" * 5000 + '"]}', "aaaa", "String", "float"),
)
def test_base64(server: ServerProcess, case: Rest) -> None:
    reply = http_cases.check(server, case)
    assert len(reply.body) < 1000


# --- 5.2 -------------------------------------------------------------------------------------------------------------

NESTED = Table("rest", "5.2", "Nested lists", 3)


@NESTED.each(
    refused(1, "a number above the leaves", '{"inputs": [[1], 2]}', "2", "1"),
    refused(1, "a string above the leaves", named("bytes", inputs=[["a"], "b"]), "b"),
    refused(1, "base64 above the leaves", named("bytes", inputs=[["a"], {"b64": "aGVs"}]), "1"),
    refused(2, "a list below the leaves", '{"inputs": [1, [2]]}', "2", "1"),
    refused(3, "a list of another length", '{"inputs": [[1, 2], [3]]}', "1", "2"),
    refused(3, "a list that is longer", '{"inputs": [[1], [2, 3]]}', "1", "2"),
    refused(3, "an empty list after a full one", '{"inputs": [[1], []]}', "0", "1"),
)
def test_nested(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


SHAPES = Table("rest", "5.2-shape", "The shape of a list", 4)


def shape(row: int, value: str, rank_and_values: list | float) -> Rest:
    return post(row, f"the shape of {value}", f'{{"inputs": {value}}}', json={"outputs": rank_and_values})


@SHAPES.each(
    shape(1, "5", 5.0),
    shape(2, "[]", []),
    shape(2, "[[]]", [[]]),
    shape(2, "[[], []]", [[], []]),
    shape(3, "[[[1, 2], [3, 4], [5, 6]]]", [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]),
    refused(4, "a list where the first is empty", '{"inputs": [[], [1]]}', "1", "0"),
)
def test_shapes(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# --- 5.3 -------------------------------------------------------------------------------------------------------------

ROWS = Table("rest", "5.3", "Row form", 6)
TWO = "two_inputs"


@ROWS.each(
    refused(1, "an object, then none", '{"instances": [{"x": 1.0}, 2.0]}', "1"),
    refused(1, "none, then an object", '{"instances": [1.0, {"x": 2.0}]}'),
    refused(2, "an unknown key", '{"instances": [{"x": 1.0}, {"x": 2.0, "z": 3.0}]}', "no such named input", "1", "z"),
    refused(3, "a missing key", named(TWO, instances=[{"a": 1, "s": "a"}, {"a": 2}]), "1", "a,s"),
    refused(3, "defaults do not stand in", '{"instances": [{"x": 1.0}]}', "factor", path="/v1/models/defaults:predict"),
    refused(4, "another number of elements", '{"instances": [[1.0, 2.0], [1.0]]}', "2", "1"),
    refused(
        4,
        "another number of elements, before the shape",
        '{"instances": [{"x": [1.0, 2.0]}, {"x": [[1.0]]}]}',
        "2",
        "1",
    ),
    refused(5, "another shape", '{"instances": [[[1.0, 2.0]], [[1.0], [2.0]]]}', "[1,2]", "[2,1]"),
    refused(
        6,
        "a wrong value: index, key and reason",
        named(TWO, instances=[{"a": 1, "s": "a"}, {"a": 1.5, "s": "a"}]),
        "1",
        "a",
        "INVALID_ARGUMENT",
    ),
    refused(6, "a wrong value without key", '{"instances": [1.0, true]}', "1", "float"),
)
def test_rows(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


ROW_NOTES = Table("rest", "5.3-notes", "Row form: what is accepted", 7)


@ROW_NOTES.each(
    post(1, "no names, one input", '{"instances": [1, 2, 3]}', json={"predictions": [1.0, 2.0, 3.0]}),
    post(1, "no names, lists", '{"instances": [[1, 2], [3, 4], [5, 6]]}',
         json={"predictions": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]}),
    refused(2, "no names, two inputs", named(TWO, instances=[1, 2])),
    post(3, "names, one input", '{"instances": [{"x": 1}, {"x": 2}]}', json={"predictions": [1.0, 2.0]}),
    post(4, "names, two inputs", named(TWO, instances=[{"a": 1, "s": "p"}, {"s": "q", "a": 2}]),
         json={"predictions": [{"a": 1, "s": "p"}, {"a": 2, "s": "q"}]}),
    post(5, "base64 is no name", named("bytes", instances=[{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}]),
         json={"predictions": [{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}]}),
    post(6, "a type without JSON is 400 here", named("echo_half", instances=[1]), ECHO, status=400, says=("half",)),
    post(7, "a list in each row", named(TWO, instances=[{"a": [1, 2], "s": ["p"]}, {"a": [3, 4], "s": ["q"]}]),
         json={"predictions": [{"a": [1, 2], "s": ["p"]}, {"a": [3, 4], "s": ["q"]}]}),
)  # fmt: skip
def test_row_notes(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# --- 5.4 -------------------------------------------------------------------------------------------------------------

COLUMNS = Table("rest", "5.4", "Column form", 6)


@COLUMNS.each(
    post(1, "a list for one input", '{"inputs": [1.0]}', json={"outputs": [1.0]}),
    post(1, "a scalar for one input", '{"inputs": 5}', json={"outputs": 5.0}),
    refused(1, "null for one input", '{"inputs": null}', "Null", "float"),
    refused(1, "a list for two inputs", named(TWO, inputs=[1])),
    post(2, "base64 for one input", named("bytes", inputs={"b64": "aGVsbG8="}), json={"outputs": {"b64": "aGVsbG8="}}),
    post(
        3,
        "names, first dimensions may differ",
        named(TWO, inputs={"a": [[[1, 2], [3, 4], [5, 6]]], "s": ["foo", "bar"]}),
        json={"outputs": {"a": [[[1, 2], [3, 4], [5, 6]]], "s": ["foo", "bar"]}},
    ),
    post(
        3, "names and base64", named("bytes", inputs={"s": {"b64": "aGVsbG8="}}), json={"outputs": {"b64": "aGVsbG8="}}
    ),
    refused(4, "a missing name", named(TWO, inputs={"a": [1]}), "s"),
    refused(4, "a missing name that has a default", '{"inputs": {"x": [1.0]}}', path="/v1/models/defaults:predict"),
    post(5, "an unknown name is ignored", '{"inputs": {"x": 1.0, "z": [null]}}', json={"outputs": 1.0}),
    post(6, "a string input named b64 in a list", named("b64_input", inputs=["a"]), json={"outputs": ["a"]}),
    post(
        6,
        "a string input named b64 in an object is read as base64",
        named("b64_input", inputs={"b64": "aGVsbG8="}),
        json={"outputs": "hello"},
    ),
)
def test_columns(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)
