"""A real server process: started with flags as an operator would, waited for, always stopped."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc

from tests.support.models import ROOT, ModelEntry, config_file

START_LIMIT_S = 90.0
"""How long a start may take on a busy machine before a test gives up."""
STOP_LIMIT_S = 45.0
_RANDOM = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now, all different.

    They lie below those that the system itself hands out (to a client, say, of another test) until they are taken.
    """
    ports: list[int] = []
    while len(ports) < count:
        port = _RANDOM.randrange(15_000, 32_000)
        if port not in ports and _is_free(port):
            ports.append(port)
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until(condition: Callable[[], Any], limit_s: float, what: str) -> Any:
    """Ask `condition` until it is true and return what it said; fails after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:.0f} s in vain for {what}")
        time.sleep(0.02)


@dataclass(frozen=True)
class HttpReply:
    """An HTTP response, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, bare NaN and Infinity included."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The message of an error body."""
        document = self.json()
        assert list(document) == ["error"], document
        return str(document["error"])


def exchange(
    port: int, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, limit_s: float = 30.0
) -> HttpReply:
    """One HTTP/1.1 request on a connection of its own; a body that is not bytes or str is sent as JSON."""
    data = body if body is None or isinstance(body, bytes | str) else json.dumps(body)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit_s)
    try:
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        return HttpReply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@dataclass
class ServerProcess:
    """`python -m salver serve FLAGS` on free ports; a context manager that always stops it."""

    flags: Sequence[str]
    log: Path
    program: Sequence[str] = ()
    """What to run in place of the command line server; gets the flags too."""
    environment: dict[str, str] = field(default_factory=dict)
    has_admin_port: bool = False
    """Whether the admin listener is open, on a port of its own; the default one would be everybody's."""
    ready_path: str = "/readyz"
    """Answers 200 on the REST port once the test may begin."""
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0

    def __post_init__(self) -> None:
        self.grpc_port, self.rest_port, self.admin_port = free_ports(3)
        self._channel: grpc.Channel | None = None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._channel is not None:
            self._channel.close()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.kill()
                if kind is None:
                    raise AssertionError(f"the server did not stop on SIGTERM:\n{self.output()}") from None

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process and return at once."""
        environment = {**os.environ, **self.environment}
        paths = [os.environ.get("PYTHONPATH", ""), str(ROOT / "python")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        command = [
            *(self.program or (sys.executable, "-m", "salver", "serve")),
            *self.port_flags(),
            *self.admin_flags(),
            *self.flags,
        ]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=environment, start_new_session=True
            )

    def port_flags(self) -> list[str]:
        """How the program is told its ports."""
        return [f"--port={self.grpc_port}", f"--rest_api_port={self.rest_port}"]

    def admin_flags(self) -> list[str]:
        """How the command line server is told of its admin port; another program knows of none."""
        return [] if self.program else [f"--admin_port={self.admin_port if self.has_admin_port else 0}"]

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Wait until `ready_path` answers 200; fails when the process ends first."""

        def is_ready() -> bool:
            self.assert_alive()
            return self.is_answering(self.ready_path)

        wait_until(is_ready, limit_s, f"{self.ready_path}; the server said:\n{self.output()}")

    def is_answering(self, path: str) -> bool:
        """Whether GET `path` on the REST port answers 200 now."""
        try:
            return exchange(self.rest_port, "GET", path, limit_s=5).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def assert_alive(self) -> None:
        """Fail, with the log, if the process has ended."""
        assert self.process is not None
        code = self.process.poll()
        assert code is None, f"the server ended with {code}:\n{self.output()}"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process that this object started."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, limit_s: float = STOP_LIMIT_S) -> int:
        """Wait for the process to end and return its exit code."""
        assert self.process is not None
        return self.process.wait(limit_s)

    def kill(self) -> None:
        """End the process at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_LIMIT_S)

    # --- what it shows -----------------------------------------------------------------------------------------------

    def output(self) -> str:
        """The last of what the process wrote."""
        return self.log.read_text(errors="replace")[-20_000:] if self.log.exists() else ""

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.process is not None
        return self.process.pid

    def cpu_s(self) -> float:
        """User and system time of the process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Resident memory now."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    # --- what it answers ---------------------------------------------------------------------------------------------

    @property
    def grpc_address(self) -> str:
        """Host and port for gRPC."""
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def channel(self) -> grpc.Channel:
        """One channel for the life of this object."""
        if self._channel is None:
            self._channel = open_channel(self.grpc_address)
        return self._channel

    def call(self, method: str, request: bytes, *, timeout_s: float = 30.0) -> bytes:
        """One unary gRPC call over bytes; raises grpc.RpcError."""
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(method)
        return call(request, timeout=timeout_s)

    def get(self, path: str) -> HttpReply:
        """GET on the REST port."""
        return exchange(self.rest_port, "GET", path)

    def ask_admin(self, path: str, method: str = "GET", body: Any = None, **options: Any) -> HttpReply:
        """A request on the admin port; see `exchange`."""
        return exchange(self.admin_port, method, path, body, **options)

    def post(self, path: str, body: Any, **options: Any) -> HttpReply:
        """POST on the REST port; see `exchange`."""
        return exchange(self.rest_port, "POST", path, body, **options)


def served(folder: Path, *flags: str, models: Mapping[str, Path | ModelEntry], **options: Any) -> ServerProcess:
    """A server of these models, not yet started; its files go into `folder`."""
    flags = (f"--model_config_file={config_file(folder, models)}", *flags)
    return ServerProcess(flags, folder / "server.log", **options)


def open_channel(address: str) -> grpc.Channel:
    """A channel with a connection of its own and no bound on messages."""
    return grpc.insecure_channel(
        address,
        options=[
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.enable_retries", 0),
        ],
    )


def status_of(call: Callable[[], Any]) -> tuple[str, str]:
    """The name of the code and the text that a gRPC call fails with; ("OK", "") when it does not."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name, error.details() or ""
    return "OK", ""
