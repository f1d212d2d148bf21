"""`salver predict` on a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.models import ROOT
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.timeout(120)


def run(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    command = [sys.executable, "-m", "salver", "predict", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, env=environment, timeout=60, check=False)


def predict(*arguments: object, stdin: bytes = b"") -> bytes:
    done = run(*arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=["grpc", "rest"])
def address(request: pytest.FixtureRequest, server: ServerProcess) -> str:
    where = server.grpc_address if request.param == "grpc" else f"http://127.0.0.1:{server.rest_port}"
    return f"--address={where}"


def test_json_csv_and_arrays_in_and_out(address: str, tmp_path: Path) -> None:
    assert json.loads(predict("half_plus_two", address, stdin=b'{"instances": [1, 2]}')) == {"y": [2.5, 3.0]}
    assert predict("half_plus_two", address, "--format=csv", stdin=b"x\n1\n2\n") == b"y\n2.5\n3.0\n"
    given, out = tmp_path / "image.npy", tmp_path / "out.npy"
    image = np.random.default_rng(0).random((2, 224, 224, 3), np.float32)
    np.save(given, image)
    predict("image", given, address, "--output", out, "--version=1")
    np.testing.assert_array_equal(np.load(out), image)


def test_text_becomes_what_the_model_takes(address: str) -> None:
    assert predict("lookup", address, "--format=csv", stdin=b"words\ndog\n").startswith(b"numbers\n")


@pytest.mark.parametrize(
    ("arguments", "stdin", "text"),
    [
        (["half_plus_two"], b'{"xs": [1]}', b"no input 'xs'; did you mean x?"),
        (["half_plus_two"], b"x\none\n", b"input 'x' takes float32 [?]: could not convert string to float: 'one'"),
        (["half_plus_tow"], b"[1]", b"Latest(half_plus_tow)"),
        (["half_plus_two", "--signature=serving_defualt"], b"[1]", b"did you mean serving_default?"),
    ],
)
def test_mistakes_are_told_in_one_line(address: str, arguments: list[str], stdin: bytes, text: bytes) -> None:
    done = run(*arguments, address, stdin=stdin)
    assert (done.returncode, done.stdout) == (1, b"")
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_is_away_is_said() -> None:
    for where in ("127.0.0.1:1", "http://127.0.0.1:1"):
        done = run("half_plus_two", f"--address={where}", "--timeout=1", stdin=b"[1]")
        assert done.returncode == 1
        assert done.stderr == (
            b"Error: no answer from 127.0.0.1:1: Connection refused "
            b"(HOST:PORT asks for gRPC, http://HOST:PORT for REST)\n"
        )
