"""Time from process start to the first right answer, against `import tensorflow` alone."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benches.serving import CLIENTS_PYTHON, REST_BODY, REST_PATH, BaseServer
from benches.table import Report
from tests.support.models import HALF_PLUS_TWO, ROOT
from tests.support.server_process import ServerProcess

LIMIT_S = 120.0


def bench(report: Report, folder: Path, *, rounds: int) -> None:
    """Measure and report; the three in turn."""
    salver: list[float] = []
    base: list[float] = []
    imported: list[float] = []
    for number in range(rounds):
        imported.append(import_tensorflow())
        salver.append(first_answer(folder / f"start{number}.log"))
        base.append(first_answer_of_base(folder / f"base{number}.log"))
    rows = [
        ("python -c 'import tensorflow'", *figures(imported)),
        ("grpc.aio base, start to first right answer", *figures(base)),
        ("salver serve, start to first right answer", *figures(salver)),
    ]
    report.add("Time to ready", ("what", "best s", "median s"), rows, f"{rounds} rounds, in turn.")
    ratio = statistics.median(salver) / statistics.median(imported)
    wanted, got = "at most 0.5 of import tensorflow", f"{ratio:.2f}"
    report.target("start to first right answer", wanted, got, is_reached=ratio <= 0.5)


def figures(seconds: list[float]) -> tuple[str, str]:
    """Best and median."""
    return f"{min(seconds):.2f}", f"{statistics.median(seconds):.2f}"


def import_tensorflow() -> float:
    """Wall time of an interpreter that imports TensorFlow and ends."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import tensorflow"], check=True, stderr=subprocess.DEVNULL, timeout=LIMIT_S)
    return time.monotonic() - started


def first_answer(log: Path) -> float:
    """Wall time from the start of a server to its first right answer."""
    flags = ["--model_name=half_plus_two", f"--model_base_path={HALF_PLUS_TWO}"]
    server = ServerProcess(flags, log)
    server.start()
    try:
        while not answers_right(server.rest_port):
            server.assert_alive()
            if time.monotonic() - server.started > LIMIT_S:
                raise AssertionError(f"no answer:\n{server.output()}")
            time.sleep(0.003)
        return time.monotonic() - server.started
    finally:
        server.__exit__(None, None, None)


def answers_right(port: int) -> bool:
    """Whether a predict request is answered, rightly, now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", REST_PATH, REST_BODY)
        reply = connection.getresponse()
        return reply.status == 200 and json.loads(reply.read()) == {"predictions": [2.5]}
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def first_answer_of_base(log: Path) -> float:
    """The same for the base, by gRPC."""
    program = (str(CLIENTS_PYTHON), str(ROOT / "benches" / "grpc_aio_server.py"), f"--model={HALF_PLUS_TWO / '1'}")
    with BaseServer((), log, program=program) as server:
        return time.monotonic() - server.started
