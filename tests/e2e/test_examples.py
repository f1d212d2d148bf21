"""The examples that talk to a running server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.models import ROOT
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.timeout(120)
EXAMPLES = ROOT / "examples"


def test_predict_rest(server: ServerProcess) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl")

    said = subprocess.run(
        [EXAMPLES / "predict_rest.sh", f"localhost:{server.rest_port}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout

    assert "".join(said.split()).startswith('{"predictions":[2.5,3.0,4.5]}{"outputs":[2.5,3.0,4.5]}')
    assert '"AVAILABLE"' in said


def test_predict_grpc(server: ServerProcess, clients_python: Path) -> None:
    said = subprocess.run(
        [clients_python, EXAMPLES / "predict_grpc.py", server.grpc_address],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    ).stdout

    assert said == "half_plus_two version 1: [2.5 3.  4.5]\n"
