"""Start the server on a bundled model, send it a first request and show the answer, then let it serve: `make run`."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

MODEL = "half_plus_two"
BASE_PATH = Path(__file__).parent.parent / "examples" / "models" / MODEL
START_LIMIT_S = 60.0


def ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, str]:
    """Status and body of one request to the local REST port; status 0 while nothing listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def refuse_taken(ports: tuple[int, ...]) -> None:
    """End the program where something listens already: the first answer would be that of another server."""
    for port in ports:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            sys.exit(f"port {port} is taken; `make run PORT=... REST_PORT=...` takes others")


def wait_until_served(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when the model is available; end the program when the server does, or takes too long."""
    limit = time.monotonic() + START_LIMIT_S
    while server.poll() is None and time.monotonic() < limit:
        if ask(port, "GET", "/readyz")[0] == http.client.OK:
            return
        time.sleep(0.05)
    if server.poll() is None:
        server.terminate()
        server.wait()
        sys.exit(f"the server was not ready within {START_LIMIT_S:.0f} s")
    sys.exit("the server ended; are the ports free? `make run PORT=... REST_PORT=...` takes others")


def first_prediction(port: int) -> None:
    """Show a request, send it and show its answer."""
    path, body = f"/v1/models/{MODEL}:predict", json.dumps({"instances": [1.0, 2.0, 5.0]})
    print(f"\nA first request:\n\n  curl -d '{body}' http://localhost:{port}{path}\n", flush=True)
    status, answer = ask(port, "POST", path, body)
    print(f"{answer.strip()}\n", flush=True)
    if status != http.client.OK:
        raise SystemExit(f"the first prediction failed with status {status}")


def serve(server: subprocess.Popen[bytes]) -> int:
    """Hand signals on until the server has ended; its exit status."""

    def hand_on(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT:  # the terminal sends Ctrl-C to both
            server.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hand_on)
    return server.wait()


def main() -> int:
    """Run the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rest-port", type=int, required=True)
    parser.add_argument("--once", action="store_true", help="end after the first prediction")
    options = parser.parse_args()
    refuse_taken((options.port, options.rest_port))
    flags = [f"--port={options.port}", f"--rest_api_port={options.rest_port}", "--admin_port=0"]
    flags += [f"--model_name={MODEL}", f"--model_base_path={BASE_PATH.resolve()}"]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ}  # TensorFlow's own chatter hides the server's lines
    server = subprocess.Popen([sys.executable, "-m", "salver", "serve", *flags], env=environment)
    try:
        wait_until_served(server, options.rest_port)
        first_prediction(options.rest_port)
        if not options.once:
            print(f"Serving gRPC on {options.port} and REST on {options.rest_port} until Ctrl-C.", flush=True)
            return serve(server)
    except KeyboardInterrupt:
        pass
    finally:
        if server.poll() is None:
            server.terminate()
    return server.wait()


if __name__ == "__main__":
    sys.exit(main())
