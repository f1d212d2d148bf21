"""rest.md section 4: the JSON of requests, and compressed bodies."""

from __future__ import annotations

import gzip

from tests.support import http_cases
from tests.support.server_process import ServerProcess
from tests.support.spec_tables import Rest, Table

PREDICT = "/v1/models/half_plus_two:predict"
ECHO = "/v1/models/echo_all_dtypes:predict"
NOBODY = "/v1/models/nobody:predict"


def post(row: int, what: str, body: bytes | str, *, path: str = PREDICT, **more) -> Rest:
    return Rest(row, what, method="POST", path=path, body=body, **more)


def number(row: int, text: str, y: float | str) -> Rest:
    """A number as it may be written; `y` is what half plus two makes of it, as text of the answer."""
    return post(row, f"the number {text}", f'{{"inputs": {text}}}', text=f'{{\n    "outputs": {y}\n}}')


def refused(row: int, what: str, body: bytes | str, *says: str) -> Rest:
    return post(row, what, body, status=400, says=says)


PARSER = Table("rest", "4", "The parser", 13)
BAD_NUMBERS = ("+1", "01", "-01", ".5", "1.", "1e", "1e+", "0x10", "1_0", "--1")


@PARSER.each(
    refused(1, "an empty body", b"", "JSON", "empty"),
    refused(2, "malformed", '{"inputs": [1.0}', "JSON", "15"),
    refused(2, "cut off", '{"inputs": [1.0', "JSON"),
    post(2, "malformed, to an unknown model", '{"inputs": ', path=NOBODY, status=400, says=("JSON",)),
    refused(3, "the root is a list", "[1.0]", "[1.0]"),
    refused(3, "the root is a number", "12", "12"),
    refused(3, "the root is long", '["' + "a" * 5000 + '"]', "aaaa"),
    post(4, "text after the object", '{"inputs": 1.0} and more', json={"outputs": 2.5}),
    post(4, "a second object after the object", '{"inputs": 1.0}{"inputs": 2.0}', json={"outputs": 2.5}),
    post(5, "a byte order mark", b'\xef\xbb\xbf{"inputs": 1.0}', json={"outputs": 2.5}),
    refused(6, "a depth of 500 000 lists is read", '{"inputs": ' + "[" * 500_000 + "]" * 500_000 + "}"),
    post(
        6,
        "a depth of 500 000 lists that nobody reads",
        '{"ignored": ' + "[" * 500_000 + "]" * 500_000 + ', "inputs": 1.0}',
        json={"outputs": 2.5},
    ),
    refused(7, "a comment", '{"inputs": /* one */ 1.0}', "JSON"),
    refused(7, "single quotes", "{'inputs': 1.0}", "JSON"),
    refused(7, "a trailing comma in a list", '{"inputs": [1.0,]}', "JSON"),
    refused(7, "a trailing comma in an object", '{"inputs": [1.0],}', "JSON"),
    *(refused(7, f"the number {text}", f'{{"inputs": {text}}}', "JSON") for text in BAD_NUMBERS),
    *(number(8, text, "NaN") for text in ("NaN", "-NaN")),
    *(number(8, text, "Infinity") for text in ("Inf", "Infinity")),
    *(number(8, text, "-Infinity") for text in ("-Inf", "-Infinity")),
    *(
        refused(8, f"the word {text}", f'{{"inputs": {text}}}', "JSON")
        for text in ("nan", "Nan", "inf", "infinity", "INFINITY", "+Inf", "NAN")
    ),
    refused(9, "1e400", '{"inputs": 1e400}', "JSON"),
    refused(9, "a number of 400 digits", '{"inputs": ' + "9" * 400 + "}", "JSON"),
    number(9, "1e-400", "2.0"),
    post(
        10,
        "an integer literal for int32",
        '{"signature_name": "echo_int32", "inputs": 7}',
        path=ECHO,
        json={"outputs": 7},
    ),
    *(
        post(
            10,
            f"{text} is no integer",
            f'{{"signature_name": "echo_int64", "inputs": {text}}}',
            path=ECHO,
            status=400,
            says=("int64",),
        )
        for text in ("1.0", "1e3", "18446744073709551616")
    ),
    post(
        10,
        "the largest of 64 bits",
        '{"signature_name": "echo_uint64", "inputs": 18446744073709551615}',
        path=ECHO,
        text='{\n    "outputs": 18446744073709551615\n}',
    ),
    number(10, "18446744073709551616", "9.22337204e+18"),
    post(
        11,
        "an escaped zero in a string",
        r'{"signature_name": "echo_string", "inputs": "a\u0000b"}',
        path=ECHO,
        json={"outputs": "a\0b"},
    ),
    post(
        11,
        "a pair of surrogates",
        r'{"signature_name": "echo_string", "inputs": "\ud83d\ude00"}',
        path=ECHO,
        json={"outputs": "\U0001f600"},
    ),
    refused(11, "a lone surrogate", r'{"inputs": "\ud83d"}', "JSON"),
    refused(11, "a raw control character", '{"inputs": "a\nb"}', "JSON"),
    post(
        11,
        "bytes that are not UTF-8",
        b'{"signature_name": "echo_string", "inputs": "\xff\xfe"}',
        path=ECHO,
        status=200,
    ),
    post(12, "the first of two keys wins", '{"inputs": 1.0, "inputs": 2.0}', json={"outputs": 2.5}),
    post(12, "the first of two members of `inputs` wins", '{"inputs": {"x": 1.0, "x": 2.0}}', json={"outputs": 2.5}),
    post(13, "unknown keys", '{"more": {"x": [null]}, "inputs": 1.0}', json={"outputs": 2.5}),
)
def test_parser(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


NAMED = Table("rest", "4-signature", "The row on signature_name", 1)


@NAMED.each(
    post(1, "missing", '{"inputs": 1.0}', json={"outputs": 2.5}),
    post(1, "empty", '{"signature_name": "", "inputs": 1.0}', json={"outputs": 2.5}),
    post(1, "by name", '{"signature_name": "serving_default", "inputs": 1.0}', json={"outputs": 2.5}),
    *(
        refused(1, f"the value {value}", f'{{"signature_name": {value}, "inputs": 1.0}}', "signature_name", "string")
        for value in ("3", "null", "true", '["serving_default"]')
    ),
)
def test_signature_name(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


ORDER = Table("rest", "4-order", "The order of checks", 5)


@ORDER.each(
    post(1, "malformed before the model", "{", path=NOBODY, status=400),
    post(2, "the root before the model", "[]", path=NOBODY, status=400),
    post(
        3, "signature_name before the model", '{"signature_name": 3}', path=NOBODY, status=400, says=("signature_name",)
    ),
    post(4, "the model before the inputs", "{}", path=NOBODY, status=404, says=("Latest(nobody)",)),
    post(4, "the signature before the inputs", '{"signature_name": "none"}', status=400, says=("none",)),
    post(4, "the label before the inputs", "{}", path="/v1/models/two/labels/none:predict", status=400, says=("none",)),
    post(
        5,
        "classify: the body before the model",
        "{}",
        path="/v1/models/nobody:classify",
        status=400,
        says=("examples",),
    ),
    post(5, "regress: the body before the model", '{"examples": [1]}', path="/v1/models/nobody:regress", status=400),
)
def test_order(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


GZIP = {"Content-Encoding": "gzip"}
PACKED = Table("rest", "4-gzip", "Compressed bodies", 4)


@PACKED.each(
    post(1, "gzip is inflated", gzip.compress(b'{"inputs": 1.0}'), headers=GZIP, json={"outputs": 2.5}),
    post(
        1,
        "gzip among others",
        gzip.compress(b'{"inputs": 1.0}'),
        headers={"Content-Encoding": "x-gzip"},
        json={"outputs": 2.5},
    ),
    post(3, "not gzip", b"not gzip", headers=GZIP, status=400),
    post(3, "cut off", gzip.compress(b'{"inputs": 1.0}')[:-9], headers=GZIP, status=400),
    post(3, "an empty body", b"", headers=GZIP, status=400),
    post(
        4,
        "no other coding is undone",
        b'{"inputs": 1.0}',
        headers={"Content-Encoding": "identity"},
        json={"outputs": 2.5},
    ),
)
def test_packed(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


@PACKED.row(2, "more than 100 MiB inflated is refused")
def test_too_large(server: ServerProcess) -> None:
    body = gzip.compress(b'{"inputs": 1.0' + b" " * (100 * 1024 * 1024) + b"}", 1)
    assert server.post(PREDICT, body, headers=GZIP).status == 400
