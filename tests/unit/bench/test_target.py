import pytest

from salver.bench.target import MAX_TRIED_BODIES, ask, failure, try_out
from salver.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from tests.unit.bench.conftest import report, target_of


@pytest.mark.parametrize(
    ("protocol", "fields", "path"),
    [
        ("grpc", {}, "/tensorflow.serving.PredictionService/Predict"),
        ("rest", {}, "/v1/models/ranker:predict"),
        ("rest", {"version": 3}, "/v1/models/ranker/versions/3:predict"),
        ("rest", {"label": "a/b"}, "/v1/models/ranker/labels/a%2Fb:predict"),
    ],
)
def test_a_load_goes_to_predict_of_the_model(protocol, fields, path):
    assert target_of(protocol, **fields).options([b"x"]).path == path


def test_an_answer_is_handed_back(server):
    server.answer = lambda options: report(options, reply=b"answer")
    assert ask(server, target_of("rest"), "/v1/models/ranker/metadata") == b"answer"
    (options,) = server.asked
    assert (options.method, options.path, options.num_requests) == ("GET", "/v1/models/ranker/metadata", 1)


def test_only_the_first_bodies_are_tried_out(server):
    try_out(server, target_of(), [b"%d" % index for index in range(100)])
    assert server.asked[0].num_requests == len(server.asked[0].bodies) == MAX_TRIED_BODIES


@pytest.mark.parametrize(
    ("protocol", "kind", "message", "error"),
    [
        ("grpc", "NOT_FOUND", "no x", NotFoundError("127.0.0.1:8500 answers NOT_FOUND: no x")),
        ("grpc", "UNKNOWN", "odd", FailedPreconditionError("127.0.0.1:8500 answers UNKNOWN: odd")),
        ("grpc", "TIMEOUT", "no answer", DeadlineExceededError("127.0.0.1:8500: no answer")),
        ("rest", "404", '{"error": "no x"}', NotFoundError("127.0.0.1:8500 answers with status 404: no x")),
        ("rest", "400", "<p>\n no", InvalidArgumentError("127.0.0.1:8500 answers with status 400: <p> no")),
        ("rest", "418", "", FailedPreconditionError("127.0.0.1:8500 answers with status 418: nothing")),
        (
            "rest",
            "CONNECTION",
            "closed",
            UnavailableError(
                "127.0.0.1:8500 ended the connection without an answer (closed); is it the REST port, and meant to be "
                "asked without --tls?"
            ),
        ),
    ],
)
def test_a_failure_says_who_answered_what(protocol, kind, message, error):
    assert failure(target_of(protocol), kind, message) == error


def test_a_failure_stops_a_load_before_it_begins(server):
    server.answer = lambda options: report(options, answered=1, failures={"UNAVAILABLE": (1, "away")})
    with pytest.raises(UnavailableError, match="away"):
        try_out(server, target_of(), [b"x", b"y"])


@pytest.mark.parametrize("fields", [{"failure": "nothing listens"}, {}])
def test_no_answer_is_a_failure_too(server, fields):
    server.answer = lambda options: report(options, answered=0, **fields)
    with pytest.raises(UnavailableError, match=fields.get("failure", "gave no answer")):
        try_out(server, target_of(), [b"x"])
