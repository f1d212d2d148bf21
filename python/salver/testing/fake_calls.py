"""Batches and control calls made by hand, which keep the answer they get."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from salver.errors import SalverError, error_from_code

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class HttpAnswer:
    """What `ControlCall.reply_http` was given."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Answer:
    """Takes one answer and hands it to whoever waits; a second one is an error in the code under test."""

    def __init__(self) -> None:
        self._is_answered = threading.Event()
        self._value: Any = None
        self._error: SalverError | None = None

    @property
    def is_answered(self) -> bool:
        return self._is_answered.is_set()

    def give(self, value: Any, error: SalverError | None = None) -> None:
        if self._is_answered.is_set():
            raise AssertionError("answered twice")
        self._value, self._error = value, error
        self._is_answered.set()

    def wait(self, timeout_s: float | None) -> Any:
        if not self._is_answered.wait(timeout_s):
            raise AssertionError(f"no answer within {timeout_s} s")
        if self._error is not None:
            raise self._error
        return self._value


class FakeBatch:
    """A `salver.boundary.Batch` for tests."""

    def __init__(
        self,
        servable: object,
        inputs: Mapping[str, Array],
        *,
        signature: str = "serving_default",
        output_names: Sequence[str] = (),
        num_rows: int | None = None,
        is_cancelled: bool = False,
        is_streamed: bool = False,
    ) -> None:
        self.servable = servable
        self.signature = signature
        self.output_names = list(output_names)
        self.num_rows = _num_rows(inputs) if num_rows is None else num_rows
        self.timeout_s: float | None = None
        self.is_cancelled = is_cancelled
        self.is_streamed = is_streamed
        self.may_join = False
        """Set by a test whose batch could have several members."""
        self.members: list[FakeBatch] = []
        """Set by a test whose batch has several members: a batch for each, to be answered in its place once split."""
        self.traces: list[tuple[str | None, str, str, str]] = []
        """Set by a test whose members are traced."""
        self.parts: list[dict[str, Any]] = []
        """What `send_part` was given."""
        self._inputs = dict(inputs)
        self._answer = _Answer()

    @property
    def num_members(self) -> int:
        """See `Batch.num_members`."""
        return len(self.members) or 1

    def split_members(self) -> list[FakeBatch]:
        """End this batch, as an answer does, and return its members."""
        self._answer.give({})
        return self.members

    def inputs(self) -> dict[str, Array]:
        """Return read-only views, as the extension does."""
        views = {name: array.view() for name, array in self._inputs.items()}
        for view in views.values():
            view.flags.writeable = False
        return views

    def complete(self, outputs: Mapping[str, Any]) -> None:
        """Keep the outputs."""
        self._answer.give({name: outputs[name] for name in self.output_names or outputs})

    def send_part(self, outputs: Mapping[str, Any]) -> bool:
        """Keep a part; False once the batch is cancelled."""
        self.parts.append({name: outputs[name] for name in self.output_names or outputs})
        return not self.is_cancelled

    def end_parts(self) -> None:
        """Answer with nothing more."""
        self._answer.give({})

    def fail(self, code: int, message: str) -> None:
        """Keep the error."""
        self._answer.give(None, error_from_code(code, message))

    @property
    def is_answered(self) -> bool:
        """Whether `complete` or `fail` was called."""
        return self._answer.is_answered

    def result(self, timeout_s: float | None = 0) -> dict[str, Array]:
        """Return the outputs or raise the error that the batch was answered with."""
        outputs: dict[str, Array] = self._answer.wait(timeout_s)
        return outputs


def _num_rows(inputs: Mapping[str, Array]) -> int:
    return next((int(array.shape[0]) for array in inputs.values() if array.ndim), 1)


class FakeAnswerStream:
    """A `salver.boundary.AnswerStream` that keeps what it is given; the test says how much room the client leaves."""

    def __init__(self, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> None:
        self.status = status
        self.headers = dict(headers)
        self.pieces: list[bytes] = []
        """What was given, in order; a test may take from it."""
        self.error: SalverError | None = None
        """What the answer was broken off with."""
        self.has_room = True
        """Set by a test whose client is behind."""
        self._is_ended = threading.Event()

    @property
    def is_open(self) -> bool:
        """See `AnswerStream.is_open`."""
        return not self._is_ended.is_set()

    def send(self, piece: bytes, timeout_s: float = 0.0) -> bool:
        """Keep the piece; waits for nothing."""
        del timeout_s
        if not (self.is_open and self.has_room):
            return False
        if piece:
            self.pieces.append(piece)
        return True

    def end(self) -> None:
        """Note the end. Tests call it for a client that goes."""
        self._is_ended.set()

    def fail(self, code: int, message: str) -> None:
        """Keep the error, and note the end."""
        if self.is_open:
            self.error = error_from_code(code, message)
        self.end()

    def wait_ended(self, timeout_s: float) -> bool:
        """Wait for the end; False where it did not come in time."""
        return self._is_ended.wait(timeout_s)


class FakeControlCall:
    """A `salver.boundary.ControlCall` for tests; build it with `grpc`, `http`, `admin` or `admin_grpc`."""

    def __init__(
        self, protocol: str, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        self.protocol = protocol
        self.method = method
        self.path = path
        self.query = query
        self.headers = list(headers.items())
        self.body = body
        self.address: str | None = "192.0.2.1:5000"
        """Where it comes from; may be set by a test."""
        self.timeout_s: float | None = None
        self.is_cancelled = False
        self._answer = _Answer()

    @classmethod
    def grpc(cls, method: str, body: bytes = b"") -> FakeControlCall:
        """Make a gRPC call of this full method path."""
        return cls("grpc", method, "", "", {}, body)

    @classmethod
    def http(
        cls, method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> FakeControlCall:
        """Make an HTTP call; `target` is path and query."""
        path, _, query = target.partition("?")
        return cls("http", method, path, query, headers or {}, body)

    @classmethod
    def admin(
        cls, method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> FakeControlCall:
        """Make a call on the admin port; `target` is path and query."""
        path, _, query = target.partition("?")
        return cls("admin", method, path, query, headers or {}, body)

    @classmethod
    def admin_grpc(cls, method: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None) -> FakeControlCall:
        """Make a gRPC call of this full method path on the admin port."""
        return cls("admin_grpc", method, "", "", headers or {}, body)

    def reply(self, body: bytes) -> None:
        """Keep the message."""
        self._answer.give(body)

    def reply_http(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """Keep the response."""
        self._answer.give(HttpAnswer(status, dict(headers), body))

    def begin(self) -> FakeAnswerStream:
        """Keep the stream, and return it."""
        return self._begin(FakeAnswerStream())

    def begin_http(self, status: int, headers: Sequence[tuple[str, str]]) -> FakeAnswerStream:
        """Keep the stream, and return it."""
        return self._begin(FakeAnswerStream(status, headers))

    def _begin(self, stream: FakeAnswerStream) -> FakeAnswerStream:
        self._answer.give(stream)
        if self.is_cancelled:
            stream.end()
        return stream

    def fail(self, code: int, message: str) -> None:
        """Keep the error."""
        self._answer.give(None, error_from_code(code, message))

    def stream(self, timeout_s: float | None = 0) -> FakeAnswerStream:
        """Return the stream that a call is answered with, or raise the error."""
        stream: FakeAnswerStream = self._answer.wait(timeout_s)
        return stream

    def result(self, timeout_s: float | None = 0) -> bytes:
        """Return the message that a gRPC call was answered with, or raise the error."""
        body: bytes = self._answer.wait(timeout_s)
        return body

    def response(self, timeout_s: float | None = 0) -> HttpAnswer:
        """Return the response that an HTTP call was answered with."""
        answer: HttpAnswer = self._answer.wait(timeout_s)
        return answer
