"""The admin listener of a real server: from before the first load to the end of a drain."""

from __future__ import annotations

import http.client
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, ModelEntry, config_file
from tests.support.server_process import ServerProcess, open_channel, wait_until
from tests.support.slow_model import SlowLog, slow_request

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]
StartSlow = Callable[..., tuple[ServerProcess, SlowLog]]
MODELS = {"half_plus_two": HALF_PLUS_TWO}
SLOW_LOADING = """
import time
from pathlib import Path

import numpy as np
import salver

def load(context):
    while not Path({go!r}).exists():
        time.sleep(0.01)
    vector = {{"x": salver.TensorSpec(np.float32, [None])}}
    return salver.CallableServable(lambda inputs: inputs, inputs=vector, outputs=vector)
"""


def is_answering(server: ServerProcess) -> bool:
    server.assert_alive()
    try:
        return server.ask_admin("/livez").status == 200
    except (OSError, http.client.HTTPException):
        return False


def test_probes_metrics_and_errors(start_server: StartServer) -> None:
    server = start_server(models=MODELS, has_admin_port=True)
    assert [server.ask_admin(path).status for path in ("/livez", "/readyz", "/startupz")] == [200, 200, 200]
    assert server.get("/startupz").status == 200
    assert b"salver_versions" in server.ask_admin("/metrics").body
    unknown = server.ask_admin("/metric")
    assert unknown.status == 404
    assert unknown.json() == {"error": "There is no /metric here; did you mean /metrics?", "code": "NOT_FOUND"}
    model = server.ask_admin("/v1/batching/half_plus_tow")
    assert model.json() == {
        "error": "There is no model half_plus_tow; did you mean half_plus_two?",
        "code": "NOT_FOUND",
    }
    refused = server.ask_admin("/metrics", "DELETE")
    assert (refused.status, refused.headers["allow"], refused.json()["code"]) == (405, "GET", "UNIMPLEMENTED")
    # Not a place for inference.
    elsewhere = server.ask_admin("/v1/models/half_plus_two:predict", "POST")
    assert (elsewhere.status, elsewhere.json()["code"]) == (404, "NOT_FOUND")
    assert elsewhere.json()["error"].endswith("the REST port has it")


def test_it_is_open_before_the_models_are_loaded(tmp_path: Path) -> None:
    version = tmp_path / "models" / "1"
    version.mkdir(parents=True)
    go = tmp_path / "go"
    (version / "servable.py").write_text(SLOW_LOADING.format(go=str(go)))
    models = {"m": ModelEntry(version.parent, platform="python")}
    flags = (f"--model_config_file={config_file(tmp_path, models)}",)
    server = ServerProcess(flags, tmp_path / "server.log", has_admin_port=True)
    try:
        server.start()
        wait_until(lambda: is_answering(server), 60, "the admin listener")
        assert [server.ask_admin(path).status for path in ("/livez", "/readyz", "/startupz")] == [200, 503, 503]
        assert b"salver_versions" in server.ask_admin("/metrics").body
        assert not server.is_answering("/livez"), "the REST port waits for the model"
        go.touch()
        server.wait_ready()
        assert [server.ask_admin(path).status for path in ("/readyz", "/startupz")] == [200, 200]
        server.signal(signal.SIGTERM)
        assert server.wait() == 0, server.output()
    finally:
        server.kill()


def test_it_answers_to_the_end_of_a_drain(slow: StartSlow) -> None:
    server, log = slow(run_s=3, has_admin_port=True)
    kept = http.client.HTTPConnection("127.0.0.1", server.admin_port, timeout=30)
    kept.request("GET", "/livez")
    kept.getresponse().read()
    with open_channel(server.grpc_address) as channel:
        waiting = channel.unary_unary(wire.PREDICT).future(slow_request(), timeout=60)
        log.wait_for_start(1.0)
        server.signal(signal.SIGTERM)
        wait_until(lambda: not server.is_answering("/livez"), 10, "the REST port to be closed")
        statuses = [server.ask_admin(path).status for path in ("/livez", "/readyz", "/startupz")]
        page = server.ask_admin("/metrics").body
        assert log.events("end") == [], "it waited for the request before it closed the port"
        assert waiting.result(60)
    assert statuses == [200, 503, 200]
    assert b"salver_draining{} 1" in page
    assert server.wait() == 0, server.output()
    kept.close()


def test_an_admin_port_that_is_given_and_taken_stops_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        flags = (f"--model_config_file={config_file(tmp_path, MODELS)}", f"--admin_port={taken.getsockname()[1]}")
        server = ServerProcess(flags, tmp_path / "server.log")
        server.start()
        assert server.wait() == 255
    assert "Failed to start server. Error: UNAVAILABLE: Cannot listen on 127.0.0.1:" in server.output()
