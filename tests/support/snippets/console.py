"""Runs the commands of a page in its sandbox."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.server_process import free_ports
from tests.support.snippets.checked import checker, flags_of, is_server
from tests.support.snippets.expectation import pattern, plain
from tests.support.snippets.sandbox import Ports, Sandbox
from tests.support.snippets.transcript import Step

_COMMAND_LIMIT_S = 40.0
_START_LIMIT_S = 60.0
_STOP_LIMIT_S = 30.0
_PAUSE_S = 0.02


class Console:
    """The reader's terminal: runs commands, and keeps the one server that the page has started last.

    Until the page starts one, the ports of its sandbox are those of a server that all pages share.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._server: _Server | None = None

    def run(self, step: Step, *, numbers_differ: bool = False) -> None:
        """Run, or check, a command and compare what it says with what the page shows.

        Raises:
            AssertionError: It ends or speaks otherwise than the page says.
        """
        check = checker(step.command)
        if check is not None:
            try:
                check(step.command)
            except Exception as error:
                raise AssertionError(f"{step.place}: {error}") from error
            return
        if is_server(step.command) and step.status == 0:  # one that fails to start leaves the running one alone
            self._start_server(step, numbers_differ=numbers_differ)
            return
        status, said = self._run_program(step, numbers_differ=numbers_differ)
        assert status == step.status, f"{step.place}: exits with {status}:\n{said}"
        _compare(step, said, numbers_differ=numbers_differ)

    def script(self, text: str, place: str) -> None:
        """Run a shell script, which has to succeed."""
        status, said = self._run_program(Step(place, text, "", 0, is_interrupted=False), numbers_differ=False)
        assert status == 0, f"{place}: exits with {status}:\n{said}"

    def close(self) -> None:
        """Stop the server, if one was started."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _run_program(self, step: Step, *, numbers_differ: bool) -> tuple[int, str]:
        output = self._sandbox.folder / ".output"
        process = _spawn(self._sandbox, self._sandbox.inside(step.command), output)
        try:
            if step.is_interrupted:
                seen = pattern(step.output, numbers_differ=numbers_differ)
                _wait(lambda: seen.search(self._said(output)) is not None, process, step, output)
                os.killpg(process.pid, signal.SIGINT)
                process.wait(_STOP_LIMIT_S)
                return step.status, self._said(output)
            return process.wait(_COMMAND_LIMIT_S), self._said(output)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{step.place}: does not end:\n{self._said(output)}") from None
        finally:
            _kill(process)

    def _said(self, output: Path) -> str:
        return plain(self._sandbox.outside(output.read_text(errors="replace")))

    def _start_server(self, step: Step, *, numbers_differ: bool) -> None:
        self.close()
        self._sandbox.ports = Ports(*free_ports(3))
        output = self._sandbox.folder / ".server"
        flags = flags_of(self._sandbox.inside(step.command))
        command = self._sandbox.inside(step.command)
        for name, port in (("port", self._sandbox.ports.grpc), ("admin_port", self._sandbox.ports.admin)):
            if not any(re.match(rf"--{name}\b", flag.replace("-", "_").replace("__", "--", 1)) for flag in flags):
                command += f" --{name}={port}"
        self._server = _Server(_spawn(self._sandbox, f"exec {command}", output), step.place, output)
        ports = self._sandbox.ports
        has_rest = any(flag.startswith("--rest_api_port=") for flag in flags)
        status = self._server.wait_ready(_admin_port(flags, ports), [ports.rest] if has_rest else [])
        assert status is None, f"{step.place}: exits with {status}:\n{self._said(output)}"
        if step.output:
            found = pattern(step.output, numbers_differ=numbers_differ).search(self._said(output))
            assert found, f"{step.place}: the server does not say that, but:\n{self._said(output)}"


class _Server:
    def __init__(self, process: subprocess.Popen[bytes], place: str, output: Path) -> None:
        self._process, self._place, self._output = process, place, output

    def wait_ready(self, port: int, opened: Sequence[int]) -> int | None:
        """Wait until it serves, and return None, or until it ends, and return its status.

        It is ready just before its ports open: what is in `opened` is waited for, too.
        """
        deadline = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < deadline:
            status = self._process.poll()
            if status is not None:
                return status
            if _is_ready(port) and all(map(_is_open, opened)):
                return None
            time.sleep(_PAUSE_S)
        raise AssertionError(f"{self._place}: the server does not get ready:\n{self._output.read_text()}")

    def stop(self) -> None:
        """Stop it as an operator does; it must have gone on until now unless it failed to start."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_LIMIT_S)
        finally:
            _kill(self._process)


def _compare(step: Step, said: str, *, numbers_differ: bool) -> None:
    if step.output and not step.is_interrupted:
        expected = pattern(step.output, numbers_differ=numbers_differ)
        assert expected.fullmatch(said), f"{step.place}: shown:\n{step.output}\n--- said:\n{said}"


def _admin_port(flags: list[str], ports: Ports) -> int:
    """Where the server says whether it is ready: the admin port, or the REST port where there is none."""
    return ports.rest if "--admin_port=0" in flags else ports.admin


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (TimeoutError, OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _spawn(sandbox: Sandbox, command: str, output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as sink:
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=sandbox.folder,
            # Commands that ask the admin listener find that of the page without being told its port.
            env={**sandbox.environment, "SALVER_ADMIN_ADDRESS": f"127.0.0.1:{sandbox.ports.admin}"},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait(condition: object, process: subprocess.Popen[bytes], step: Step, output: Path) -> None:
    assert callable(condition)
    deadline = time.monotonic() + _COMMAND_LIMIT_S
    while not condition():
        said = output.read_text(errors="replace")
        assert process.poll() is None, f"{step.place}: ends before that is seen:\n{said}"
        assert time.monotonic() < deadline, f"{step.place}: does not say that, but:\n{said}"
        time.sleep(_PAUSE_S)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
