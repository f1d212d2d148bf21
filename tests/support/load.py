"""Constant load on both protocols from threads of this process, with every answer looked at."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

import grpc

from tests.support.server_process import open_channel


class Load:
    """Clients that ask again as soon as they have their answer, until the `with` block ends.

    An answer that `check` refuses, an error and a broken connection are failures. Once `expect_close` was called, a
    connection that ends *between* two requests is the end of that client and no failure.
    """

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.answers: Counter[str] = Counter()
        self.refused_while_closing = 0
        self._closing = threading.Event()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every client after its current request."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), f"{thread.name} still waits for its answer"

    def expect_close(self) -> None:
        """From now on the server may close connections that have no request in flight."""
        self._closing.set()

    def wait_for(self, count: int, limit_s: float = 60.0) -> None:
        """Wait until every kind of client has had `count` more answers."""
        kinds = {thread.name for thread in self._threads}
        goal = {kind: self.answers[kind] + count for kind in kinds}
        deadline = time.monotonic() + limit_s
        while any(self.answers[kind] < goal[kind] for kind in kinds):
            assert time.monotonic() < deadline, f"no answers: {self.answers}, {self.failures[:3]}"
            time.sleep(0.005)

    def assert_no_failures(self) -> None:
        """Fail with the first failures there were."""
        assert not self.failures, f"{len(self.failures)} of {sum(self.answers.values())} failed: {self.failures[:5]}"

    # --- clients -----------------------------------------------------------------------------------------------------

    def add_grpc(
        self,
        address: str,
        method: str,
        request: bytes,
        check: Callable[[bytes], bool],
        *,
        clients: int = 1,
        name: str = "grpc",
    ) -> Self:
        """Add clients that call a unary method, each on a connection of its own."""
        for _ in range(clients):
            self._add(name, lambda: self._run_grpc(address, method, request, check, name))
        return self

    def add_rest(
        self, port: int, path: str, body: bytes, check: Callable[[bytes], bool], *, clients: int = 1, name: str = "rest"
    ) -> Self:
        """Add clients that POST, each on a connection of its own that it keeps."""
        for _ in range(clients):
            self._add(name, lambda: self._run_rest(port, path, body, check, name))
        return self

    def _add(self, name: str, run: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=run, name=name, daemon=True))

    def _run_grpc(self, address: str, method: str, request: bytes, check: Callable[[bytes], bool], name: str) -> None:
        with open_channel(address) as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
            while not self._stopped.is_set():
                try:
                    answer = call(request, timeout=60)
                except grpc.RpcError as error:
                    if self._closing.is_set() and was_never_accepted(error):
                        self.refused_while_closing += 1
                        return
                    self._failed(f"{name}: {error.code().name}: {error.details()}")
                else:
                    self._answered(name, check(answer), answer)

    def _run_rest(self, port: int, path: str, body: bytes, check: Callable[[bytes], bool], name: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            while not self._stopped.is_set():
                try:
                    connection.request("POST", path, body)
                    reply = connection.getresponse()
                    answer = reply.read()
                except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError) as error:
                    if self._closing.is_set():
                        self.refused_while_closing += 1
                        return
                    self._failed(f"{name}: {error!r}")
                    connection.close()
                except (http.client.HTTPException, OSError) as error:
                    self._failed(f"{name}: {error!r}")
                    connection.close()
                else:
                    self._answered(name, reply.status == 200 and check(answer), answer)
        finally:
            connection.close()

    def _answered(self, name: str, is_good: bool, answer: bytes) -> None:
        with self._lock:
            self.answers[name] += 1
            if not is_good:
                self.failures.append(f"{name}: unexpected answer {answer[:200]!r}")

    def _failed(self, what: str) -> None:
        with self._lock:
            self.failures.append(what)
        time.sleep(0.01)


def was_never_accepted(error: grpc.RpcError) -> bool:
    """Whether a call failed because no connection could take it: refused, or told to go before it was read."""
    if error.code() is not grpc.StatusCode.UNAVAILABLE:
        return False
    text = (error.details() or "").lower()
    return any(sign in text for sign in ("connection refused", "failed to connect", "goaway", "refused_stream"))
