"""What Python pulls: batches for Python servables, and calls that are not inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from salver.boundary.models import Array


class Batch(Protocol):
    """Requests to one signature of one Python servable, joined along the first dimension.

    It ends with one `complete` or `fail`; a batch that is dropped answers INTERNAL.
    """

    @property
    def servable(self) -> object:
        """What `TargetSpec.servable` held."""

    @property
    def signature(self) -> str:
        """Key of the signature to run."""

    @property
    def num_rows(self) -> int:
        """Rows that are to be run: those of all members, and what fills the batch up to an allowed size."""

    @property
    def num_members(self) -> int:
        """Requests, or parts of split requests, in the batch."""

    @property
    def traces(self) -> list[tuple[str | None, str, str, str]]:
        """The traced members: the fields of a `RequestTrace` each."""

    @property
    def output_names(self) -> list[str]:
        """Outputs that the members want."""

    @property
    def timeout_s(self) -> float | None:
        """Time left until no member waits any more: the latest deadline, None where a member has none.

        A member whose own deadline is earlier is answered at that time, whatever becomes of the batch.
        """

    @property
    def is_cancelled(self) -> bool:
        """Whether no member waits for the answer any more."""

    @property
    def may_join(self) -> bool:
        """Whether the outputs are cut by rows: each needs `num_rows` of them.

        False where requests to this servable are not joined, and for a request that cannot be joined with others.
        """

    @property
    def is_streamed(self) -> bool:
        """Whether the caller takes the answer in parts; such a batch has one member."""

    def inputs(self) -> dict[str, Array]:
        """The joined inputs: read-only, without a copy where the wire allows it; strings as object arrays of bytes."""

    def complete(self, outputs: Mapping[str, Any]) -> None:
        """Answer with one array per output name; raises a NativeError or TypeError for arrays it cannot send."""

    def send_part(self, outputs: Mapping[str, Any]) -> bool:
        """Send one part of a streamed answer, as `complete` does; waits, without the GIL, for a caller that is behind.

        False where the caller has gone, which ends the batch.
        """

    def end_parts(self) -> None:
        """End a streamed answer after its last part."""

    def split_members(self) -> Sequence[Batch]:
        """End this batch and return one for each member that somebody still waits for; the others are answered."""

    def fail(self, code: int, message: str) -> None:
        """Answer every member with this error."""


class AnswerStream(Protocol):
    """The answer to a control call, given in pieces by any thread; dropped without an end, it is broken off.

    A bounded number of bytes waits for the client; where it is full, only this stream is held up. The stream closes by
    itself when the client goes and at the end of the server.
    """

    @property
    def is_open(self) -> bool:
        """Whether somebody still reads, and no end was given."""

    def send(self, piece: bytes, timeout_s: float = 0.0) -> bool:
        """Give the next piece: a part of the body, or one gRPC message.

        Args:
            piece: An empty one is not sent, and only asks whether there is room.
            timeout_s: Longest wait, without the GIL, for a client that is behind; by default nothing waits.

        Returns:
            False where the piece was not taken: there is no room, or the stream is no longer open.
        """

    def end(self) -> None:
        """End the answer after its last piece; does nothing to a stream that is no longer open."""

    def fail(self, code: int, message: str) -> None:
        """Break the answer off: gRPC clients get this error, HTTP clients a body that is visibly not whole."""


class ControlCall(Protocol):
    """A call that is not inference, to be answered by Python: one `reply`, `reply_http`, `begin…` or `fail`."""

    @property
    def protocol(self) -> str:
        """`grpc`, `http` (REST port), `admin` (HTTP, admin port), `admin_grpc` (gRPC, admin port) or `notice`.

        A notice is a line for the operator's log, in `body`, and needs no answer.
        """

    @property
    def address(self) -> str | None:
        """Who is at the other end of the connection: `10.1.2.3:4567`, `[2001:db8::1]:4567`, `unix:uid=1000,pid=42`.

        None where the connection was broken off at once, and of a notice.
        """

    @property
    def method(self) -> str:
        """gRPC: the full method path, `/package.Service/Method`; HTTP: the verb."""

    @property
    def path(self) -> str:
        """HTTP: the path as sent, still percent-encoded; gRPC: empty."""

    @property
    def query(self) -> str:
        """HTTP: the text after `?`, or empty."""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Header or metadata pairs, names in lower case; none of gRPC calls on other ports than the admin port."""

    @property
    def body(self) -> bytes:
        """gRPC: one message; HTTP: the body."""

    @property
    def timeout_s(self) -> float | None:
        """Time left until the caller's deadline."""

    @property
    def is_cancelled(self) -> bool:
        """Whether the caller has gone."""

    def reply(self, body: bytes) -> None:
        """gRPC: answer OK with one message."""

    def reply_http(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """HTTP: answer with this status, headers and body."""

    def begin(self) -> AnswerStream:
        """Answer a gRPC call on the admin port with messages that come over time."""

    def begin_http(self, status: int, headers: Sequence[tuple[str, str]]) -> AnswerStream:
        """Answer an HTTP call with this status, these headers and a body that comes over time."""

    def fail(self, code: int, message: str) -> None:
        """Answer with this error, in the form of the call's protocol."""
