"""With --enable_batching every client gets its own rows back, whatever they were joined with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.support import wire
from tests.support.load import Load
from tests.support.models import HALF_PLUS_TWO, MODELS, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.timeout(120)
StartServer = Callable[..., ServerProcess]


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
