"""rest.md section 7: classify and regress."""

from __future__ import annotations

from tests.support import http_cases
from tests.support.server_process import ServerProcess
from tests.support.spec_tables import Rest, Table

CLASSIFY, REGRESS = (f"/v1/models/example_scorer:{verb}" for verb in ("classify", "regress"))
FEATURES = "/v1/models/feature_kinds:classify"


def post(row: int, what: str, body: str, path: str = REGRESS, **more) -> Rest:
    return Rest(row, what, method="POST", path=path, body=body, **more)


def scored(features: str, context: str | None = None) -> str:
    """A body that regresses one example."""
    joined = "" if context is None else f', "context": {context}'
    return f'{{"signature_name": "regress_x", "examples": [{features}]{joined}}}'


REQUESTS = Table("rest", "7", "What is no request", 2)


@REQUESTS.each(
    *(
        post(1, f"{verb}: {what}", f'{{"signature_name": "regress_x"{examples}}}', path, status=400, says=("examples",))
        for verb, path in (("classify", CLASSIFY), ("regress", REGRESS))
        for what, examples in (
            ("no examples", ""),
            ("examples that are no list", ', "examples": {"x": 1.0}'),
            ("an empty list", ', "examples": []'),
        )
    ),
    post(2, "a number for an example", scored("1.0"), status=400, says=("Number",)),
    post(2, "a list for an example", scored("[1.0]"), status=400, says=("Array",)),
    post(2, "null for the second example", scored('{"x": 1.0}, null'), status=400, says=("Null",)),
    post(2, "a text for the context", scored('{"x": 1.0}', '"y"'), status=400, says=("String",)),
)
def test_requests(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# `feature_kinds` answers with the classes [floats of f, integers of i, bytes of b], each joined with a bar.
KINDS = Table("rest", "7-features", "Features", 7)


def kind(row: int, value: str, *parts: str) -> Rest:
    """What a feature becomes: the floats, the integers and the bytes in it, each joined with `|`."""
    classes = [[part, 0.0] for part in parts]
    name = {True: "f", False: "i" if parts[1] else "b"}[bool(parts[0])]
    return post(row, value, f'{{"examples": [{{"{name}": {value}}}]}}', FEATURES, json={"results": [classes]})


def refused(row: int, value: str, *says: str) -> Rest:
    return post(row, value, scored(f'{{"x": {value}}}'), status=400, says=("x", *says))


@KINDS.each(
    kind(1, "1.5", "1.5", "", ""),
    kind(1, "1e2", "100", "", ""),
    kind(1, "[1.5, 2.0]", "1.5|2", "", ""),
    kind(1, "NaN", "nan", "", ""),
    kind(1, "-Infinity", "-inf", "", ""),
    kind(1, "18446744073709551616", "1.84467e+19", "", ""),
    kind(2, "7", "", "7", ""),
    kind(2, "[-9223372036854775808, 9223372036854775807]", "", "-9223372036854775808|9223372036854775807", ""),
    refused(3, "9223372036854775808", "int64"),
    refused(3, "[1, 18446744073709551615]", "int64"),
    kind(4, "true", "", "1", ""),
    kind(4, "[false, true]", "", "0|1", ""),
    kind(5, '"text"', "", "", "text"),
    kind(5, '["a", "\\u00e9"]', "", "", "a|é"),
    kind(6, '{"b64": "aGVsbG8="}', "", "", "hello"),
    kind(6, '["a", {"b64": "aGVsbG8"}]', "", "", "a|hello"),
    refused(7, "null", "Null"),
    refused(7, "[[1.0]]", "Array"),
    refused(7, '{"a": 1}', "Object"),
    refused(7, "[null]", "Null"),
)
def test_kinds(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


MIXED = Table("rest", "7-kinds", "The first element decides", 2)


@MIXED.each(
    refused(1, "[1, 2.5]", "int64"),
    refused(1, '[1.5, "a"]', "float"),
    refused(1, '["a", 1]', "bytes"),
    refused(1, "[1.5, 1]", "float"),
    post(2, "an empty list is a feature without kind", scored('{"x": []}'), json={"results": [2.0]}),
)
def test_mixed(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


RESULTS = Table("rest", "7-results", "Answers, byte for byte", 7)
TWO = '[{"x": 1.0}, {"x": 4.0}]'


def answered(row: int, what: str, signature: str, path: str, text: str, examples: str = TWO, more: str = "") -> Rest:
    body = f'{{"signature_name": "{signature}", "examples": {examples}{more}}}'
    return post(row, what, body, path, text=text)


@RESULTS.each(
    answered(
        1,
        "classify: one line for each example",
        "classify_x",
        CLASSIFY,
        '{\n    "results": [[["high", 2.5], ["low", -1.5]], [["high", 4.0], ["low", -3.0]]\n    ]\n}',
    ),
    answered(2, "regress: one line", "regress_x", REGRESS, '{\n    "results": [2.5, 4.0]\n}'),
    answered(
        3,
        "no labels",
        "classify_scores_only",
        CLASSIFY,
        '{\n    "results": [[["", 2.5], ["", -1.5]]\n    ]\n}',
        '[{"x": 1.0}]',
    ),
    answered(
        4,
        "no scores",
        "classify_classes_only",
        CLASSIFY,
        '{\n    "results": [[["high", 0.0], ["low", 0.0]]\n    ]\n}',
        '[{"x": 1.0}]',
    ),
    answered(
        5, "with context", "regress_x", REGRESS, '{\n    "results": [12.5, 14.0]\n}', more=', "context": {"y": 10.0}'
    ),
    post(6, "an unknown signature", '{"signature_name": "none", "examples": [{"x": 1.0}]}', status=400, says=("none",)),
    post(
        6,
        "a signature that cannot",
        '{"signature_name": "regress_wide", "examples": [{"x": 1.0}]}',
        "/v1/models/wrong_verbs:regress",
        status=400,
    ),
    post(
        6,
        "an unknown model",
        '{"examples": [{"x": 1.0}]}',
        "/v1/models/nobody:classify",
        status=404,
        says=("Latest(nobody)",),
    ),
    post(
        7,
        "the default signature",
        '{"examples": [{"f": 1.5}]}',
        FEATURES,
        json={"results": [[["1.5", 0.0], ["", 0.0], ["", 0.0]]]},
    ),
)
def test_results(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)
