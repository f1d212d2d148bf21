"""PredictStreamed: answers in parts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

import grpc
import numpy as np
import pytest

from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, PYTHON_MODELS, ModelEntry, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, wait_until

pytestmark = pytest.mark.timeout(120)
STREAMED = "/tensorflow.serving.PredictionService/PredictStreamed"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "countdown.log"
    file.touch()
    return file


@pytest.fixture
def server(start_server: Callable[..., ServerProcess], log: Path) -> ServerProcess:
    return start_server(
        models={
            "countdown": ModelEntry(PYTHON_MODELS / "countdown", platform="python"),
            "half_plus_two": HALF_PLUS_TWO,
        },
        environment={"COUNTDOWN_LOG": str(log)},
    )


def countdown(start: int) -> bytes:
    return wire.predict_request(wire.Spec("countdown"), {"x": wire.tensor(np.array(start), wire.DT_INT64)})


def parts(server: ServerProcess, request: bytes) -> list[list[int]]:
    answers = server.channel.unary_stream(STREAMED)(request, timeout=30)
    return [wire.parse_predict_reply(answer).outputs["y"].tolist() for answer in answers]


def test_each_part_is_a_response(server: ServerProcess) -> None:
    assert parts(server, countdown(5)) == [[5], [4], [3], [2], [1]]


def test_a_stream_may_have_no_parts(server: ServerProcess) -> None:
    assert parts(server, countdown(0)) == []


def test_parts_name_the_version_that_serves(server: ServerProcess) -> None:
    first = next(iter(server.channel.unary_stream(STREAMED)(countdown(1), timeout=30)))
    assert wire.parse_predict_reply(first).spec == wire.Spec("countdown", version=1, signature="serving_default")


def test_a_servable_without_parts_answers_in_one(server: ServerProcess) -> None:
    answers = list(server.channel.unary_stream(STREAMED)(half_plus_two_request(1.0), timeout=30))
    assert len(answers) == 1
    assert is_half_plus_two(1.0)(answers[0])


def test_the_same_servable_answers_predict_in_one(server: ServerProcess) -> None:
    answer = server.channel.unary_unary(wire.PREDICT)(countdown(3), timeout=30)
    assert wire.parse_predict_reply(answer).outputs["y"].tolist() == [3, 2, 1]


def test_an_error_ends_the_stream_after_the_parts_before_it(server: ServerProcess) -> None:
    answers = server.channel.unary_stream(STREAMED)(countdown(15), timeout=30)
    seen = [wire.parse_predict_reply(next(answers)).outputs["y"].item() for _ in range(2)]
    assert seen == [15, 14]
    with pytest.raises(grpc.RpcError) as failure:
        next(answers)
    assert failure.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert failure.value.details() == "13 is bad luck"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (wire.predict_request(wire.Spec("nobody"), {}), grpc.StatusCode.NOT_FOUND),
        (wire.predict_request(wire.Spec("countdown"), {}), grpc.StatusCode.INVALID_ARGUMENT),
        (b"\xff", grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_what_is_wrong_with_the_request_ends_the_stream(
    server: ServerProcess, request_: bytes, code: grpc.StatusCode
) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        list(server.channel.unary_stream(STREAMED)(request_, timeout=30))
    assert failure.value.code() is code


def test_a_client_that_goes_ends_the_servables_work(server: ServerProcess, log: Path) -> None:
    answers = server.channel.unary_stream(STREAMED)(countdown(10**9), timeout=60)
    next(iter(answers))
    answers.cancel()

    wait_until(lambda: log.read_text().endswith("left\n"), 30, "the servable being left")
    assert len(log.read_text().splitlines()) < 10**6


def test_slow_readers_hold_up_nobody(server: ServerProcess, log: Path) -> None:
    # More of them than there are runner threads; none reads further than its first part.
    calls = [server.channel.unary_stream(STREAMED)(countdown(10**9), timeout=60) for _ in range(8)]
    for call in calls:
        next(iter(call))
    assert parts(server, countdown(2)) == [[2], [1]]
    answer = server.channel.unary_unary(wire.PREDICT)(countdown(3), timeout=30)
    assert wire.parse_predict_reply(answer).outputs["y"].tolist() == [3, 2, 1]
    for call in calls:
        call.cancel()
    wait_until(lambda: log.read_text().count("left") >= len(calls) + 1, 30, "the servable being left")


def test_the_deadline_ends_a_stream(server: ServerProcess, log: Path) -> None:
    answers = server.channel.unary_stream(STREAMED)(countdown(10**9), timeout=0.5)
    with pytest.raises(grpc.RpcError) as failure:
        deque(answers, maxlen=0)
    assert failure.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until(lambda: log.read_text().endswith("left\n"), 30, "the servable being left")
