"""rest.md section 2: which request a method and a path make."""

from __future__ import annotations

from tests.support import http_cases
from tests.support.server_process import ServerProcess
from tests.support.spec_tables import Rest, Table

BODY = '{"inputs": [1.0]}'
ANSWER = {"outputs": [2.5]}
M = "/v1/models/half_plus_two"
ODD = "/v1/models/a%2Fb%3Ac%20d%2Be"
EXAMPLES = '{"signature_name": "%s", "examples": [{"x": 1.0}]}'
QUERY = "A query says nothing about which model is meant; proxies and tracing add one."


def post(row: int, what: str, path: str, body: str = BODY, **more) -> Rest:
    return Rest(row, what, method="POST", path=path, body=body, **more)


def get(row: int, what: str, path: str, **more) -> Rest:
    return Rest(row, what, path=path, **more)


def status(*versions: int) -> dict:
    fine = {"error_code": "OK", "error_message": ""}
    return {"model_version_status": [{"version": str(one), "state": "AVAILABLE", "status": fine} for one in versions]}


# --- 2.1 -------------------------------------------------------------------------------------------------------------

GRAMMAR = Table("rest", "2.1", "Grammar of paths", 5)


@GRAMMAR.each(
    post(1, "predict", f"{M}:predict", json=ANSWER),
    post(1, "predict by version", f"{M}/versions/1:predict", json=ANSWER),
    post(1, "predict by label", "/v1/models/two/labels/new:predict", json={"outputs": [3.5]}),
    post(
        1,
        "classify",
        "/v1/models/example_scorer:classify",
        EXAMPLES % "classify_scores_only",
        json={"results": [[["", 2.5], ["", -1.5]]]},
    ),
    post(
        1,
        "regress by version",
        "/v1/models/example_scorer/versions/1:regress",
        EXAMPLES % "regress_x",
        json={"results": [2.5]},
    ),
    get(2, "status", "/v1/models/two", json=status(2, 1)),
    get(2, "status by version", "/v1/models/two/versions/1", json=status(1)),
    get(2, "status by label", "/v1/models/two/labels/new", json=status(2, 1)),
    get(3, "metadata", "/v1/models/two/metadata", status=200),
    get(3, "metadata by version", "/v1/models/two/versions/1/metadata", status=200),
    get(3, "metadata by label", "/v1/models/two/labels/old/metadata", status=200),
    post(4, "a name is percent-decoded", f"{ODD}:predict", json=ANSWER),
    get(4, "a plus is no space", "/v1/models/a%2Fb%3Ac%20d+e", json=status(1)),
    get(4, "other marks as they are", "/v1/models/!$&'()*,;=@~.-_", status=404, says=("!$&'()*,;=@~.-_",)),
    get(
        4,
        "all marks encoded",
        "/v1/models/%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D",
        status=404,
        says=("!#$%&'()*+,/:;=?@[]",),
    ),
    post(4, "a label is percent-decoded", "/v1/models/two/labels/%6Eew:predict", json={"outputs": [3.5]}),
    post(4, "a label may hold anything", "/v1/models/two/labels/a%2Fb%20c:predict", status=400, says=("a/b c",)),
    get(5, "leading zeros", "/v1/models/two/versions/0001", json=status(1)),
    get(
        5,
        "the largest number",
        "/v1/models/two/versions/9223372036854775807",
        status=404,
        says=("9223372036854775807",),
    ),
    get(5, "no digits", "/v1/models/two/versions/", status=400, says=("malformed", "GET")),
    get(5, "not only digits", "/v1/models/two/versions/1a", status=400, says=("malformed", "1a")),
    get(5, "a sign", "/v1/models/two/versions/-1", status=400, says=("malformed",)),
)
def test_grammar(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# --- 2.2 -------------------------------------------------------------------------------------------------------------

DISPATCH = Table("rest", "2.2", "Method and path", 7, elsewhere={7: "rest-9-row-1 and 2"})


@DISPATCH.each(
    post(1, "predict", f"{M}:predict", json=ANSWER),
    post(1, "classify", "/v1/models/example_scorer:classify", EXAMPLES % "classify_x",
         json={"results": [[["high", 2.5], ["low", -1.5]]]}),
    post(1, "regress", "/v1/models/example_scorer:regress", EXAMPLES % "regress_flat", json={"results": [2.5]}),
    post(2, "an unknown verb", f"{M}:guess", status=400, says=("malformed", "POST", f"{M}:guess")),
    post(2, "no verb", M, status=400, says=("malformed", "POST", M)),
    post(2, "another path", "/v1/nothing", status=400, says=("malformed", "POST", "/v1/nothing")),
    post(2, "metadata", f"{M}/metadata", status=400, says=("malformed", "POST")),
    get(3, "metadata", f"{M}/metadata", status=200),
    get(4, "status", M, json=status(1)),
    get(5, "another path", "/v1/nothing", status=400, says=("malformed", "GET", "/v1/nothing")),
    get(5, "`version` for `versions`", f"{M}/version/1", status=400, says=("malformed", "GET")),
    *(
        Rest(6, method, method=method, path=path, status=400, says=("malformed", method, path))
        for method in ("PUT", "DELETE", "PATCH")
        for path in (M, f"{M}:predict")
    ),
    Rest(6, "HEAD", method="HEAD", path=M, status=400),
)  # fmt: skip
def test_dispatch(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# --- 2.3 -------------------------------------------------------------------------------------------------------------

BEFORE = Table("rest", "2.3", "What is refused before the handler", 4)
HUGE = "9223372036854775808"


@BEFORE.each(
    get(1, "a version beyond 64 bits: status", f"{M}/versions/{HUGE}", status=400, says=("version", HUGE)),
    get(1, "a version beyond 64 bits: metadata", f"{M}/versions/{HUGE}/metadata", status=400, says=("version", HUGE)),
    post(1, "a version beyond 64 bits: predict", f"{M}/versions/{HUGE}:predict", status=400, says=("version", HUGE)),
    get(2, "a percent sign without digits", "/v1/models/half%zz", status=400),
    get(2, "a percent sign at the end", "/v1/models/half%2", status=400),
    get(3, "no model name", "/v1/models", status=400, says=("model name",)),
    post(4, "both version and label: predict", f"{M}/versions/1/labels/a:predict", status=400, says=("malformed",)),
    get(4, "both version and label: status", f"{M}/versions/1/labels/a", status=400, says=("malformed",)),
)
def test_before(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


# --- 2.4 -------------------------------------------------------------------------------------------------------------

TRAPS = Table("rest", "2.4", "Routing traps", 12)


@TRAPS.each(
    post(1, "a query after a verb is no error", f"{M}:predict?x=1", json=ANSWER, differs=QUERY),
    get(2, "a query is no part of the name", f"{M}?x=1", json=status(1), differs=QUERY),
    get(3, "a query after `metadata` is no error", f"{M}/metadata?x=1", status=200, differs=QUERY),
    get(3, "a query after a version is no error", f"{M}/versions/1?x=1", json=status(1), differs=QUERY),
    get(4, "a slash and no name", "/v1/models/", status=400, says=("malformed", "GET")),
    get(4, "a slash after the name", f"{M}/", status=400, says=("malformed", "GET")),
    get(5, "a model named `metadata`", "/v1/models/metadata", status=404, says=("metadata",)),
    get(6, "a version and no model", "/v1/models/versions/3", status=400, says=("model name",)),
    post(7, "the prefix in capitals", "/V1/Models/half_plus_two:predict", json=ANSWER),
    post(
        8,
        "a verb in capitals is meant as it reads",
        f"{M}:PREDICT",
        json=ANSWER,
        differs="The rest of a path may be in capitals; so may the verb.",
    ),
    get(10, "GET of a verb", f"{M}:predict", status=400, says=("malformed", "GET")),
    get(11, "status ignores a label", "/v1/models/two/labels/unknown", json=status(2, 1)),
    get(12, "metadata does not", "/v1/models/two/labels/unknown/metadata", status=400, says=("unknown",)),
    post(12, "predict does not", "/v1/models/two/labels/unknown:predict", status=400, says=("unknown",)),
)
def test_traps(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


@TRAPS.row(9, "`METADATA` is answered with the metadata", differs="Whoever writes METADATA does not want the status.")
def test_metadata_in_capitals(server: ServerProcess) -> None:
    assert server.get(f"{M}/METADATA").json() == server.get(f"{M}/metadata").json()
