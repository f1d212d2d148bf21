"""One request seen whole: its trace in a collector, its line in the access log, its id in the answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.support import wire
from tests.support.metrics import METRICS_PATH
from tests.support.models import HALF_PLUS_TWO, PYTHON_MODELS, ModelEntry, half_plus_two_request
from tests.support.otlp_receiver import OtlpReceiver, ReceivedSpan
from tests.support.server_process import ServerProcess, exchange, served, wait_until

PHASES = ("decode", "queue", "batch", "run", "encode")
NUM_SPANS = len(PHASES) + 1
"""The request itself, and its phases."""
PATH = "/v1/models/half_plus_two:predict"
BODY = {"instances": [1.0]}
STATIC_PAIRS = "max_batch_size { value: 2 } batch_timeout_micros { value: 20000000 } num_batch_threads { value: 1 }"


@dataclass
class Traced:
    """A server whose traces go to a collector."""

    server: ServerProcess
    collector: OtlpReceiver

    def logged(self, request_id: str) -> dict[str, Any]:
        """Wait for the line of a request in the access log."""

        def find() -> dict[str, Any] | None:
            return next((line for line in self.lines("salver.access") if line["request_id"] == request_id), None)

        found = wait_until(find, 30, f"the line of {request_id}")
        assert isinstance(found, dict)
        return found

    def lines(self, logger: str) -> list[dict[str, Any]]:
        """What a logger wrote."""
        lines = [json.loads(line) for line in self.server.output().splitlines() if line.startswith('{"time"')]
        return [line for line in lines if line["logger"] == logger]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Traced]]:
    """Two servers that log every request and trace what callers do: one batches pairs, one does not batch."""
    folder = tmp_path_factory.mktemp("traced")
    (folder / "batching.txt").write_text(STATIC_PAIRS)
    flags = ["--access_log", "--log_format=json", "--log_level=warning", "--trace_sampling_ratio=0"]
    batching = ["--enable_batching", f"--batching_parameters_file={folder / 'batching.txt'}"]
    models: dict[str, Path | ModelEntry] = {"half_plus_two": HALF_PLUS_TWO}
    models["traced"] = ModelEntry(PYTHON_MODELS / "traced", platform="python")
    with OtlpReceiver() as collector, ExitStack() as stack:
        yield {
            name: Traced(
                stack.enter_context(start_traced(folder / name, collector, [*flags, *more], models)), collector
            )
            for name, more in (("unbatched", ()), ("batched", batching))
        }


def start_traced(
    folder: Path, collector: OtlpReceiver, flags: Sequence[str], models: Mapping[str, Path | ModelEntry]
) -> ServerProcess:
    """A server that sends its traces to this collector."""
    folder.mkdir()
    environment = {"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test"}
    return served(folder, *flags, f"--otlp_endpoint={collector.url}", models=models, environment=environment)


def parent(number: int, *, is_sampled: bool = True) -> dict[str, str]:
    """The headers of a caller that has a trace."""
    context = f"00-{number:032x}-{number:016x}-{int(is_sampled):02x}"
    return {"traceparent": context, "tracestate": "vendor=1", "x-request-id": f"request-{number}"}


def grpc_predict(server: ServerProcess, headers: Mapping[str, str], model: str = "half_plus_two") -> dict[str, str]:
    """One call; returns the metadata that came with the answer."""
    call = server.channel.unary_unary(wire.PREDICT)
    _, ended = call.with_call(half_plus_two_request(1.0, model=model), timeout=30, metadata=list(headers.items()))
    return {str(key): str(value) for key, value in ended.initial_metadata()}


def rest_predict(server: ServerProcess, headers: Mapping[str, str]) -> dict[str, str]:
    """One request; returns the headers of the answer."""
    reply = exchange(server.rest_port, "POST", PATH, BODY, headers=dict(headers))
    assert reply.status == 200
    return reply.headers


PREDICT = {"grpc": grpc_predict, "rest": rest_predict}


def check_whole(spans: Mapping[str, ReceivedSpan], number: int) -> None:
    """A request is one span under its caller's, and its phases are in it, one after the other and without a gap."""
    root = spans["salver/Predict"]
    assert (root.parent_id, root.state) == (f"{number:016x}", "vendor=1")
    assert root.resource.items() >= {"service.name": "salver", "deployment.environment": "test"}.items()
    assert "service.version" in root.resource
    assert len(spans) == NUM_SPANS
    begin = root.start_ns
    for name in PHASES:
        phase = spans[name]
        assert phase.parent_id == root.span_id
        assert begin <= phase.start_ns <= phase.end_ns <= root.end_ns, name
        begin = phase.end_ns
    assert spans["encode"].end_ns == root.end_ns


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_a_request_is_a_part_of_its_callers_trace(traced: dict[str, Traced], protocol: str) -> None:
    number = {"grpc": 0xA1, "rest": 0xA2}[protocol]
    one = traced["unbatched"]

    answer = PREDICT[protocol](one.server, parent(number))

    spans = one.collector.trace(f"{number:032x}", NUM_SPANS)
    check_whole(spans, number)
    root = spans["salver/Predict"]
    assert answer["x-request-id"] == f"request-{number}"
    assert answer["traceparent"] == f"00-{number:032x}-{root.span_id}-01"
    expected = {"salver.model": "half_plus_two", "salver.version": 1, "salver.code": "OK", "salver.protocol": protocol}
    assert root.attributes.items() >= expected.items()
    for name in ("batch", "run"):
        assert spans[name].attributes == {"salver.batch.requests": 1, "salver.batch.rows": 1}
    line = one.logged(f"request-{number}")
    assert (line["trace_id"], line["span_id"], line["level"]) == (root.trace_id, root.span_id, "info")
    assert (line["duration_s"], list(line["phases_s"])) == ((root.end_ns - root.start_ns) / 1e9, list(PHASES))


def test_requests_of_one_batch_keep_their_own_traces(traced: dict[str, Traced]) -> None:
    one = traced["batched"]
    calls = [
        threading.Thread(target=grpc_predict, args=(one.server, parent(0xB1))),
        threading.Thread(target=rest_predict, args=(one.server, parent(0xB2))),
    ]
    for call in calls:
        call.start()
    for call in calls:
        call.join()

    runs = []
    for number in (0xB1, 0xB2):
        spans = one.collector.trace(f"{number:032x}", NUM_SPANS)
        check_whole(spans, number)
        runs.append(spans["run"])
        assert spans["batch"].attributes == spans["run"].attributes
        assert one.logged(f"request-{number}")["num_batch_requests"] == 2
    assert runs[0].attributes == runs[1].attributes == {"salver.batch.requests": 2, "salver.batch.rows": 2}
    assert abs(runs[0].end_ns - runs[1].end_ns) < 5_000_000, "it was one run; wall clocks are read apart"


def test_a_servable_sees_the_run_that_it_is_in(traced: dict[str, Traced]) -> None:
    one = traced["unbatched"]

    grpc_predict(one.server, parent(0xC1), model="traced")
    grpc_predict(one.server, {"x-request-id": "untraced"}, model="traced")

    run = one.collector.trace(f"{0xC1:032x}", NUM_SPANS)["run"]
    one.logged("untraced")
    seen, unseen = one.lines("traced")
    context = f"00-{run.trace_id}-{run.span_id}-01"
    assert seen["members"] == [{"traceparent": context, "tracestate": "vendor=1"}]
    assert (seen["trace_id"], seen["span_id"]) == (run.trace_id, run.span_id)
    assert unseen["members"] == []
    assert "trace_id" not in unseen


def test_a_request_that_fails_is_seen_as_far_as_it_came(traced: dict[str, Traced]) -> None:
    one = traced["unbatched"]

    reply = exchange(one.server.rest_port, "POST", PATH, {"instances": ["a"]}, headers=parent(0xD1))
    with pytest.raises(grpc.RpcError) as raised:
        grpc_predict(one.server, parent(0xD2), model="none")

    spans = one.collector.trace(f"{0xD1:032x}", 2)
    assert (reply.status, sorted(spans)) == (400, ["decode", "salver/Predict"])
    assert reply.headers["x-request-id"] == "request-209"
    assert spans["salver/Predict"].attributes["salver.code"] == "INVALID_ARGUMENT"
    assert not spans["salver/Predict"].has_failed
    told = {str(key): str(value) for key, value in raised.value.initial_metadata() or raised.value.trailing_metadata()}
    assert told["x-request-id"] == "request-210"
    line = one.logged("request-210")
    assert (line["model"], line["code"]) == ("none", "NOT_FOUND")
    assert "version" not in line


def test_what_a_caller_does_not_record_is_logged_alone(traced: dict[str, Traced]) -> None:
    one = traced["unbatched"]

    answer = rest_predict(one.server, parent(0xE1, is_sampled=False))
    made = rest_predict(one.server, {"x-request-id": "not valid"})

    assert (answer["x-request-id"], "traceparent" in answer) == ("request-225", False)
    assert "trace_id" not in one.logged("request-225")
    assert one.logged(made["x-request-id"])["num_rows"] == 1
    grpc_predict(one.server, parent(0xE2))
    one.collector.trace(f"{0xE2:032x}", NUM_SPANS)
    assert f"{0xE1:032x}" not in one.collector.trace_ids()


def test_a_bucket_of_the_metrics_leads_to_a_trace(traced: dict[str, Traced]) -> None:
    one = traced["unbatched"]
    rest_predict(one.server, parent(0xF1))

    headers = {"accept": "application/openmetrics-text"}
    text = exchange(one.server.rest_port, "GET", METRICS_PATH, headers=headers).body.decode()

    assert f'# {{trace_id="{0xF1:032x}"}}' in text


def test_an_answer_has_nothing_more_while_nothing_is_told(server: ServerProcess) -> None:
    asked = {"traceparent": parent(1)["traceparent"]}
    for headers in ({}, asked):
        assert not {"x-request-id", "traceparent"} & grpc_predict(server, headers).keys()
        assert not {"x-request-id", "traceparent"} & rest_predict(server, headers).keys()
    for predict in PREDICT.values():
        assert predict(server, {"x-request-id": "mine"})["x-request-id"] == "mine"
