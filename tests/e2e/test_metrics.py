"""The page of metrics of a real server: exact counts of requests of every outcome, the reference's names and limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.metrics import METRICS_PATH, Page, described_metrics, page_name, reference_metrics
from tests.support.models import HALF_PLUS_TWO, MODELS, ROOT, ModelEntry, half_plus_two_request
from tests.support.server_process import ServerProcess, exchange, status_of, wait_until
from tests.support.slow_model import SlowLog

StartServer = Callable[..., ServerProcess]
StartSlow = Callable[..., tuple[ServerProcess, SlowLog]]
SERVING = "/tensorflow/serving"

NOT_HERE = {
    "mlmd_map": "there is no store of model metadata to link to",
    "load_latency_by_stage": "TensorFlow's C library does not tell the stages",
    "direct_session_runs": "counted inside TensorFlow, whose C library does not tell",
    "graph_runs": "the same",
    "graph_run_time_usecs": "the same",
    "saved_model_with_batching": "of the alternative runtime",
}
"""Metrics of the reference that have no meaning here, by a part of their names."""


def has_meaning(name: str) -> bool:
    return not any(part in name.split("/") or f"tfrt_{part}" in name.split("/") for part in NOT_HERE)


def page(server: ServerProcess) -> Page:
    reply = server.get(METRICS_PATH)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain")
    return Page(reply.body.decode())


# --- counts ----------------------------------------------------------------------------------------------------------


def test_grpc_requests_are_counted_by_name_and_outcome(start_server: StartServer) -> None:
    server = start_server(models={"half_plus_two": HALF_PLUS_TWO})
    server.call(wire.PREDICT, half_plus_two_request(1.0))
    server.call(wire.PREDICT, half_plus_two_request(1.0, 2.0))
    for request in (
        half_plus_two_request(1.0, model='no "such"\\ model\n'),
        half_plus_two_request(1.0, version=7),
        half_plus_two_request(1.0, model=""),
        wire.predict_request(wire.Spec("half_plus_two"), {"z": wire.float_tensor([1.0], [1])}),
        wire.predict_request(wire.Spec("half_plus_two", signature="none"), {}),
        b"\xff\xff\xff",
    ):
        assert status_of(lambda request=request: server.call(wire.PREDICT, request))[0] != "OK"
    server.call(wire.GET_MODEL_METADATA, wire.metadata_request(wire.Spec("half_plus_two")))
    server.call(wire.GET_MODEL_STATUS, wire.status_request(wire.Spec("half_plus_two")))

    found = page(server)

    assert found.values(f"{SERVING}/request_count") == {
        ("half_plus_two", "OK"): 2,
        ('no "such"\\ model\n', "NOT_FOUND"): 1,
        ("half_plus_two", "NOT_FOUND"): 1,
        ("half_plus_two", "INVALID_ARGUMENT"): 1,
        ("half_plus_two", "FAILED_PRECONDITION"): 1,
        ("", "INVALID_ARGUMENT"): 1,
    }
    assert found.values(f"{SERVING}/request_latency", "_count") == {("half_plus_two", "Predict", "GRPC"): 2}
    assert found.values(f"{SERVING}/runtime_latency", "_count") == {("half_plus_two", "Predict", "TF1"): 2}


def test_rest_requests_of_every_kind_are_counted(start_server: StartServer) -> None:
    server = start_server(models={"half_plus_two": HALF_PLUS_TWO})
    good = {"instances": [1.0]}
    for path, body, status in (
        ("/v1/models/half_plus_two:predict", good, 200),
        ("/v1/models/half_plus_two/versions/1:predict", good, 200),
        ("/v1/models/half_plus_two:predict", b"{", 400),
        ("/v1/models/half_plus_two/versions/99999999999999999999:predict", good, 400),
        ("/v1/models/a%2Fb%20c:predict", good, 404),
        ("/v1/models/half_plus_two:frobnicate", good, 400),
        ("/v2/models/half_plus_two:predict", good, 404),
    ):
        assert server.post(path, body).status == status, path
    for path, status in (
        ("/v1/models/half_plus_two", 200),
        ("/v1/models/half_plus_two/metadata", 200),
        ("/v1/models/half_plus_two/labels/none/metadata", 400),
        ("/v1/models/missing/metadata", 404),
        ("/v1/models", 400),
        ("/livez", 200),
        (METRICS_PATH, 200),
    ):
        assert server.get(path).status == status, path

    found = page(server)

    assert found.values(f"{SERVING}/request_count") == {
        ("half_plus_two", "OK"): 4,
        ("half_plus_two", "INVALID_ARGUMENT"): 3,
        ("a/b c", "NOT_FOUND"): 1,
        ("missing", "NOT_FOUND"): 1,
        ("", "INVALID_ARGUMENT"): 2,
    }
    assert found.values(f"{SERVING}/request_latency", "_count") == {
        ("half_plus_two", "", "REST"): 2,
        ("half_plus_two", "predict", "REST"): 2,
    }
    assert found.values(f"{SERVING}/runtime_latency", "_count") == {("half_plus_two", "Predict", "TF1"): 2}


def test_options_are_counted_with_their_own_failure(start_server: StartServer) -> None:
    server = start_server(models={"half_plus_two": HALF_PLUS_TWO})
    for headers in ({"origin": "http://a"}, {}, {}):
        exchange(server.rest_port, "OPTIONS", "/v1/models/half_plus_two", headers=headers)

    counts = page(server).values(f"{SERVING}/request_count")

    assert counts == {("", "OK"): 1, ("", "FAILED_PRECONDITION"): 2}


def test_python_servables_have_a_runtime_of_their_own(slow: StartSlow) -> None:
    server, log = slow(run_s=0.0)
    server.call(wire.PREDICT, half_plus_two_request(1.0, model="slow"))
    assert log.file.exists()

    assert page(server).values(f"{SERVING}/runtime_latency", "_count") == {("slow", "Predict", "PYTHON"): 1}


def test_a_client_that_goes_away_is_counted_as_cancelled(slow: StartSlow) -> None:
    server, _ = slow(run_s=0.5)
    call = server.channel.unary_unary(wire.PREDICT).future(half_plus_two_request(1.0, model="slow"))
    wait_until(lambda: page(server).values("salver_grpc_requests_total") == {(): 1}, 20, "the call")
    call.cancel()

    wait_until(
        lambda: page(server).values(f"{SERVING}/request_count") == {("slow", "CANCELLED"): 1}, 20, "the cancelled call"
    )


def test_loads_are_counted(start_server: StartServer) -> None:
    models = {"half_plus_two": HALF_PLUS_TWO, "broken": MODELS / "corrupt_unknown_op"}
    server = start_server("--max_num_load_retries=0", models=models)

    found = page(server)

    assert found.values("/tensorflow/cc/saved_model/load_attempt_count") == {
        (str(HALF_PLUS_TWO / "1"), "success"): 1,
        (str(MODELS / "corrupt_unknown_op" / "1"), "fail"): 1,
    }
    assert len(found.values("/tensorflow/cc/saved_model/load_latency")) == 2
    assert found.values("salver_versions") == {
        ("start",): 0,
        ("loading",): 0,
        ("available",): 1,
        ("unloading",): 0,
    }


# --- by version and phase --------------------------------------------------------------------------------------------

DURATION, PHASE = "salver_request_duration_seconds", "salver_request_phase_seconds"


def test_requests_are_timed_by_version_signature_protocol_and_outcome(start_server: StartServer) -> None:
    server = start_server(models={"half_plus_two": HALF_PLUS_TWO})
    path = "/v1/models/half_plus_two"
    for _ in range(2):
        server.call(wire.PREDICT, half_plus_two_request(1.0))
    server.post(f"{path}:predict", {"instances": [1.0]})
    server.post(f"{path}:regress", {"signature_name": "regress_x_to_y", "examples": [{"x": 1.0}]})
    assert server.post(f"{path}:predict", {"instances": ["a"]}).status == 400
    assert server.post(f"{path}/versions/7:predict", {"instances": [1.0]}).status == 404
    wrong = wire.predict_request(wire.Spec("half_plus_two", signature="none"), {})
    assert status_of(lambda: server.call(wire.PREDICT, wrong))[0] == "FAILED_PRECONDITION"
    assert server.get(path).status == 200

    found = page(server)

    assert found.values(DURATION, "_count") == {
        ("half_plus_two", "1", "serving_default", "grpc", "OK"): 2,
        ("half_plus_two", "1", "serving_default", "rest", "OK"): 1,
        ("half_plus_two", "1", "regress_x_to_y", "rest", "OK"): 1,
        ("half_plus_two", "1", "serving_default", "rest", "INVALID_ARGUMENT"): 1,
        ("half_plus_two", "1", "", "grpc", "FAILED_PRECONDITION"): 1,
        ("half_plus_two", "", "", "rest", "NOT_FOUND"): 1,
    }
    phases = found.values(PHASE, "_count")
    of_default = {labels[4]: count for labels, count in phases.items() if labels[2:4] == ("serving_default", "rest")}
    assert of_default == {"decode": 2, "queue": 1, "batch": 1, "run": 1, "encode": 1}
    assert phases["half_plus_two", "", "", "rest", "decode"] == 1
    assert found.values("salver_requests_in_flight") == {("half_plus_two", "1"): 0}


def test_a_request_that_runs_is_in_flight_and_its_run_is_the_phase_that_took_long(slow: StartSlow) -> None:
    server, log = slow(run_s=0.3)
    call = server.channel.unary_unary(wire.PREDICT).future(half_plus_two_request(1.0, model="slow"))
    wait_until(lambda: page(server).values("salver_requests_in_flight") == {("slow", "1"): 1}, 20, "the run")
    call.result()
    assert log.file.exists()

    text = server.get(METRICS_PATH).body.decode()
    (total,) = re.findall(rf"^{DURATION}_sum{{.*}} (.*)$", text, re.MULTILINE)
    found = re.findall(rf'^{PHASE}_sum{{.*phase="(\w+)"}} (.*)$', text, re.MULTILINE)
    sums = {phase: float(took) for phase, took in found}
    assert sums.keys() == {"decode", "queue", "batch", "run", "encode"}
    assert 0 < sums["batch"] < 0.3 <= sums["run"], "inputs are joined before the servable runs"
    assert sum(sums.values()) <= float(total)


def test_versions_tell_how_they_were_loaded_and_what_they_occupy(start_server: StartServer) -> None:
    models = {"half_plus_two": HALF_PLUS_TWO, "broken": MODELS / "corrupt_unknown_op"}
    server = start_server("--max_num_load_retries=0", models=models)

    found = page(server)

    loads = found.values("salver_model_loads_total")
    assert (loads["half_plus_two", "OK"], sum(loads.values()), len(loads)) == (1, 2, 2)
    assert found.values("salver_model_memory_bytes")["half_plus_two", "1"] > 0
    for name in ("load", "warmup"):
        assert list(found.values(f"salver_model_{name}_seconds")) == [("half_plus_two", "1")]


def test_both_forms_of_the_page_say_the_same(server: ServerProcess) -> None:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    server.call(wire.PREDICT, half_plus_two_request(1.0))
    reply = exchange(server.rest_port, "GET", METRICS_PATH, headers={"accept": "application/openmetrics-text"})
    assert reply.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = list(text_string_to_metric_families(reply.body.decode()))

    other = page(server)
    samples = {(sample.name, *sample.labels.items()) for family in families for sample in family.samples}
    others = {(sample.name, *sample.labels.items()) for family in other.families.values() for sample in family.samples}
    renamed = {(name.removesuffix("_total"), *labels) for name, *labels in samples}
    assert renamed == {(name.removesuffix("_total"), *labels) for name, *labels in others}
    kinds = {family.name: family.type for family in families}
    assert (kinds[DURATION], kinds[page_name(f"{SERVING}/request_count")]) == ("histogram", "unknown")


# --- names -----------------------------------------------------------------------------------------------------------


def test_names_are_those_of_the_description() -> None:
    described = described_metrics()
    if described is None:
        pytest.skip("the description of TensorFlow Serving's metrics is not at hand")

    assert reference_metrics() == described


def test_every_metric_of_the_reference_that_has_a_meaning_is_there(start_server: StartServer) -> None:
    server = start_server("--enable_batching", models={"half_plus_two": HALF_PLUS_TWO})
    server.call(wire.PREDICT, half_plus_two_request(1.0))
    server.post("/v1/models/half_plus_two:predict", {"instances": [1.0]})
    found = page(server)
    expected = {name: metric for name, metric in reference_metrics().items() if has_meaning(name)}

    assert {page_name(name) for name in expected} == {name for name in found.families if not name.startswith("salver_")}
    for name, metric in expected.items():
        assert found.families[page_name(name)].type == metric.kind, name
        assert set(found.label_names(name)) <= {metric.labels}, name
        if metric.kind == "histogram" and found.label_names(name):
            assert found.limits(name) == metric.limits(), name
    has_samples = {name for name in expected if found.label_names(name)}
    assert {name.removeprefix(f"{SERVING}/") for name in has_samples} >= {
        "request_count",
        "request_latency",
        "runtime_latency",
        "batching_session/queuing_latency",
        "batching_session/wrapped_run_count",
        "batching_session/input_batch_size",
        "batching_session/processed_batch_size",
    }


def test_the_guide_names_every_metric_with_its_labels(start_server: StartServer) -> None:
    server = start_server("--enable_batching", models={"half_plus_two": HALF_PLUS_TWO})
    server.call(wire.PREDICT, half_plus_two_request(1.0))
    found = page(server)

    guide = (ROOT / "docs" / "guides" / "metrics.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \| ([^|]*)\|", guide, re.MULTILINE)

    assert {page_name(name): kind for name, kind, _ in rows} == {
        name: family.type for name, family in found.families.items()
    }
    for name, _, labels in rows:
        assert set(found.label_names(name)) <= {tuple(re.findall(r"`(\w+)`", labels))}, name


# --- batching --------------------------------------------------------------------------------------------------------


def test_batching_is_counted_where_it_is_on(start_server: StartServer) -> None:
    server = start_server("--enable_batching", models={"half_plus_two": HALF_PLUS_TWO})
    session = f"{SERVING}/batching_session"
    assert page_name(f"{session}/input_batch_size") not in page(server).families

    server.call(wire.PREDICT, half_plus_two_request(1.0, 2.0, 3.0))
    server.call(wire.PREDICT, half_plus_two_request(1.0))

    found = page(server)
    assert found.values(f"{session}/wrapped_run_count") == {(): 2}
    assert found.values(f"{session}/queuing_latency", "_count") == {("",): 2}
    for name in ("input_batch_size", "processed_batch_size"):
        assert found.values(f"{session}/{name}", "_count") == {(): 2}
        assert found.values(f"{session}/{name}", "_sum") == {(): 4}
        # Limits are exclusive, as in the reference: the request of one row is below 2.
        buckets = found.values(f"{session}/{name}", "_bucket")
        assert (buckets["1",], buckets["2",], buckets["4",]) == (0, 1, 2)


def test_without_batching_there_is_nothing_to_count(start_server: StartServer) -> None:
    server = start_server(models={"half_plus_two": HALF_PLUS_TWO})
    server.call(wire.PREDICT, half_plus_two_request(1.0))

    found = page(server)

    assert found.families[page_name(f"{SERVING}/batching_session/wrapped_run_count")].samples == []
    assert page_name(f"{SERVING}/batching_session/processed_batch_size") not in found.families


# --- where -----------------------------------------------------------------------------------------------------------


def test_the_page_answers_any_method_at_its_exact_path(server: ServerProcess) -> None:
    for path, status in ((METRICS_PATH.upper(), 404), (f"{METRICS_PATH}/", 404), (f"{METRICS_PATH}?", 200)):
        assert server.get(path).status == status, path
    assert server.post(METRICS_PATH, b"").status == 200
    refused = server.get(f"{METRICS_PATH}?name=x")
    assert (refused.status, refused.headers["content-type"]) == (400, "text/plain")
    assert refused.body.decode() == f"Unexpected path: {METRICS_PATH}?name=x. Should be {METRICS_PATH}"


@pytest.mark.parametrize(
    ("config", "statuses"),
    [
        ("prometheus_config { enable: false }", (404, 404)),
        ('prometheus_config { enable: true path: "/metrics" }', (404, 200)),
    ],
)
def test_the_page_is_where_the_operator_wants_it(
    start_server: StartServer, tmp_path: Path, config: str, statuses: tuple[int, int]
) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text(config)
    server = start_server(f"--monitoring_config_file={file}", models={"half_plus_two": HALF_PLUS_TWO})

    assert (server.get(METRICS_PATH).status, server.get("/metrics").status) == statuses


def test_names_made_up_by_clients_take_a_bounded_room(start_server: StartServer) -> None:
    server = start_server(models={"m": ModelEntry(HALF_PLUS_TWO)})
    for number in range(1100):
        assert status_of(lambda n=number: server.call(wire.PREDICT, half_plus_two_request(1.0, model=f"x{n}")))
    server.call(wire.PREDICT, half_plus_two_request(1.0, model="m"))

    counts = page(server).values(f"{SERVING}/request_count")

    assert len(counts) == 1002
    assert counts["(other)", "NOT_FOUND"] == 100
    assert counts["m", "OK"] == 1
