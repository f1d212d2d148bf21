"""With --enable_batching every client gets its own rows back, whatever they were joined with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import wire
from tests.support.load import Load
from tests.support.metrics import METRICS_PATH, Page
from tests.support.models import HALF_PLUS_TWO, MODELS, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, status_of

pytestmark = pytest.mark.timeout(120)
StartServer = Callable[..., ServerProcess]
SESSION = "/tensorflow/serving/batching_session"


@pytest.fixture
def start_batching(start_server: StartServer, tmp_path: Path) -> Callable[[str, Path], ServerProcess]:
    """Start a server with these batching parameters and this model, `m`."""

    def start(parameters: str, model: Path) -> ServerProcess:
        file = tmp_path / "batching.pbtxt"
        file.write_text(parameters)
        return start_server("--enable_batching", f"--batching_parameters_file={file}", models={"m": model})

    return start


def page(server: ServerProcess) -> Page:
    return Page(server.get(METRICS_PATH).body.decode())


def load_of_half_plus_two(server: ServerProcess, sizes: range) -> None:
    """Requests of these sizes at the same time until 1,000 are answered, each with its own rows."""
    load = Load()
    for size in sizes:
        values = [float(100 * size + row) for row in range(size)]
        request = half_plus_two_request(*values, model="m")
        load.add_grpc(server.grpc_address, wire.PREDICT, request, is_half_plus_two(*values))
    with load:
        load.wait_for(1000)
    load.assert_no_failures()


def test_every_client_gets_its_own_rows(start_server: StartServer) -> None:
    server = start_server("--enable_batching", models={"half_plus_two": HALF_PLUS_TWO})
    load = Load()
    for number in range(8):
        values = [float(10 * number + row) for row in range(number + 1)]
        load.add_grpc(server.grpc_address, wire.PREDICT, half_plus_two_request(*values), is_half_plus_two(*values))

    with load:
        load.wait_for(2000, 60)

    load.assert_no_failures()


def test_a_request_that_fails_does_not_fail_those_it_waits_with(start_server: StartServer) -> None:
    """Good and bad requests to one model at the same time: each gets its own answer."""
    server = start_server("--enable_batching", models={"mlp": MODELS / "mlp"})
    rows = np.random.default_rng(5).random((3, 32), np.float32)
    good = wire.predict_request(wire.Spec("mlp"), {"x": wire.tensor(rows)})
    expected = wire.parse_predict_reply(server.call(wire.PREDICT, good)).outputs["scores"]
    bad = b'{"inputs": [[1.0, 2.0, 3.0]]}'

    load = Load()
    for _ in range(4):
        load.add_grpc(
            server.grpc_address,
            wire.PREDICT,
            good,
            lambda answer: np.allclose(wire.parse_predict_reply(answer).outputs["scores"], expected, atol=1e-6),
        )
    with load:
        for _ in range(100):
            assert server.post("/v1/models/mlp:predict", bad).status == 400
        load.wait_for(100)

    load.assert_no_failures()
    assert expected.shape == (3, 8)


def test_batches_are_filled_up_to_allowed_sizes(start_batching: Callable[..., ServerProcess]) -> None:
    server = start_batching("adaptive: true allowed_batch_sizes: [4, 16]", HALF_PLUS_TWO)

    load_of_half_plus_two(server, range(1, 9))

    padding = page(server).values(f"{SESSION}/padding_size", "_count")
    assert set(padding) <= {("4",), ("16",)}
    assert sum(padding.values()) == page(server).values(f"{SESSION}/wrapped_run_count")[()]
    assert sum(page(server).values(f"{SESSION}/padding_size", "_sum").values()) > 0


def test_large_requests_run_in_parts(start_batching: Callable[..., ServerProcess]) -> None:
    parameters = """
        max_batch_size { value: 64 } max_execution_batch_size { value: 8 } max_enqueued_batches { value: 100 }
        enable_large_batch_splitting { value: true }
    """
    server = start_batching(parameters, HALF_PLUS_TWO)

    load_of_half_plus_two(server, range(5, 60, 9))

    buckets = page(server).values(f"{SESSION}/processed_batch_size", "_bucket")
    assert buckets["16",] == buckets["+Inf",] > 0, "no run has more than 8 rows"


def is_echo(sent: Any) -> Callable[[bytes], bool]:
    """Whether a PredictResponse gives back `sent`, maybe longer in its last dimension."""

    def check(answer: bytes) -> bool:
        y = wire.parse_predict_reply(answer).outputs["y"]
        return len(y) == len(sent) and bool((y[:, : sent.shape[1]] == sent).all())

    return check


def test_requests_of_other_lengths_share_batches(start_batching: Callable[..., ServerProcess]) -> None:
    server = start_batching("pad_variable_length_inputs: true adaptive: true", MODELS / "echo_all_dtypes")
    load = Load()
    for length in range(1, 7):
        numbers = np.arange(2 * length, dtype=np.float32).reshape(2, length) + 100 * length
        texts = np.array([[f"{length} {at}".encode() for at in range(length)]], object)
        for name, sent, dtype in (("echo_float32", numbers, wire.DT_FLOAT), ("echo_string", texts, wire.DT_STRING)):
            request = wire.predict_request(wire.Spec("m", signature=name), {"x": wire.tensor(sent, dtype)})
            load.add_grpc(server.grpc_address, wire.PREDICT, request, is_echo(sent))
    with load:
        load.wait_for(1000)
    load.assert_no_failures()
    buckets = page(server).values(f"{SESSION}/processed_batch_size", "_bucket")
    assert buckets["4",] < buckets["+Inf",], "some runs have 4 rows or more"


def test_criticality_is_read_on_both_ports(start_batching: Callable[..., ServerProcess]) -> None:
    server = start_batching("", HALF_PLUS_TWO)
    predict = server.channel.unary_unary(wire.PREDICT)
    path, body = "/v1/models/m:predict", b'{"instances": [1.0]}'
    for word in ("critical_plus", "critical", "sheddable_plus", "sheddable"):
        metadata = (("salver-criticality", word),)
        assert is_half_plus_two(1.0)(predict(half_plus_two_request(1.0, model="m"), metadata=metadata))
        assert server.post(path, body, headers=dict(metadata)).status == 200

    metadata = (("salver-criticality", "urgent"),)
    code, text = status_of(lambda: predict(half_plus_two_request(1.0, model="m"), metadata=metadata))
    refused = server.post(path, body, headers=dict(metadata))
    want = 'salver-criticality is "urgent", expected one of critical_plus, critical, sheddable_plus, sheddable.'
    assert (code, text) == ("INVALID_ARGUMENT", want)
    assert (refused.status, refused.json()) == (400, {"error": want})
