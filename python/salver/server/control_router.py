"""Answering what is not inference: one small router for gRPC methods and HTTP paths."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from salver.boundary import AnswerStream, ControlCall
from salver.errors import InternalError, ResourceExhaustedError, SalverError, UnimplementedError
from salver.server.http_response import HttpHandler, SendPieces, StreamedResponse

logger = logging.getLogger(__name__)

GrpcHandler: TypeAlias = Callable[[bytes], bytes]
"""Takes a serialized request message and returns the serialized answer; raises a SalverError to refuse."""

SlowHandler: TypeAlias = Callable[[ControlCall], bytes]
"""Like a `GrpcHandler`, for a call that may wait: it sees how long its caller will."""


@dataclass(frozen=True, slots=True)
class StreamedMessages:
    """An answer to a gRPC call whose messages come over time."""

    send: SendPieces


AdminMethod: TypeAlias = Callable[[ControlCall], "bytes | StreamedMessages"]
"""Answers a gRPC call on the admin port; raises a SalverError to refuse."""

_MAX_GRPC_MESSAGE_BYTES = 1024
_CUT = "...TRUNCATED"


def _no_admin_methods(call: ControlCall) -> bytes:
    raise UnimplementedError(f"Method {call.method} is not implemented by this port")


def _run_here(task: Callable[[], None]) -> bool:
    task()
    return True


def _never(call: ControlCall) -> bool:
    del call
    return False


def _pass_over(call: ControlCall, error: SalverError) -> None:
    del call, error


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowLane:
    """Where calls go that may take long, so that quick ones go on being answered."""

    is_slow: Callable[[ControlCall], bool] = _never
    """Whether a call of the admin port may take long."""
    submit: Callable[[Callable[[], None]], bool] = _run_here
    """Runs what may take long elsewhere; says False when it has no room."""
    on_refused: Callable[[ControlCall, SalverError], None] = _pass_over
    """Told of calls for which it had none."""


class ControlRouter:
    """Answers control calls; one object serves all control threads."""

    def __init__(
        self,
        grpc_methods: Mapping[str, GrpcHandler],
        http: HttpHandler,
        *,
        admin: HttpHandler,
        admin_grpc: AdminMethod = _no_admin_methods,
        slow_methods: Mapping[str, SlowHandler] | None = None,
        slow_lane: SlowLane | None = None,
    ) -> None:
        """Make a router.

        Args:
            grpc_methods: Handler by full method path, `/package.Service/Method`.
            http: Answers every HTTP call of the REST port.
            admin: Answers every HTTP call of the admin port.
            admin_grpc: Answers every gRPC call of the admin port.
            slow_methods: Further handlers, of methods that may wait for long.
            slow_lane: Where calls go that may take long; by default nowhere else.
        """
        self._grpc_methods = dict(grpc_methods)
        self._http = {"http": http, "admin": admin}
        self._admin_grpc = admin_grpc
        self._slow_methods = dict(slow_methods or {})
        self._slow_lane = slow_lane or SlowLane()

    def handle(self, call: ControlCall, /) -> None:
        """Answer the call, whatever happens."""
        if call.is_cancelled:
            return  # dropped: nobody waits for the answer
        if call.protocol == "notice":
            logger.warning("%s", call.body.decode(errors="replace"))
        elif call.protocol in self._http:
            self._answer_page(call, self._http[call.protocol])
        elif call.protocol == "admin_grpc":
            self._answer_admin(call, lambda: self._answer_grpc(call, lambda: self._admin_grpc(call)))
        elif call.method in self._slow_methods:
            handler = self._slow_methods[call.method]
            self._answer_slowly(call, lambda: self._answer_grpc(call, lambda: handler(call)))
        else:
            self._answer_grpc(call, lambda: self._grpc_handler(call.method)(call.body))

    def _answer_page(self, call: ControlCall, handle: HttpHandler) -> None:
        if call.protocol == "admin":
            self._answer_admin(call, lambda: self._answer_http(call, handle))
        else:
            self._answer_http(call, handle)

    def _answer_admin(self, call: ControlCall, answer: Callable[[], None]) -> None:
        if self._slow_lane.is_slow(call):
            self._answer_slowly(call, answer)
        else:
            answer()

    def _answer_slowly(self, call: ControlCall, answer: Callable[[], None]) -> None:
        if not self._slow_lane.submit(answer):
            full = ResourceExhaustedError(f"Too many calls of {call.path or call.method} are waiting already")
            call.fail(full.code, full.message)
            self._slow_lane.on_refused(call, full)

    def _answer_grpc(self, call: ControlCall, handle: Callable[[], bytes | StreamedMessages]) -> None:
        try:
            answer = handle()
        except SalverError as error:
            call.fail(error.code, _cut(error.message))
        except Exception:
            logger.exception("The handler of %s failed", call.method)
            broken = _broken(call)
            call.fail(broken.code, broken.message)
        else:
            if isinstance(answer, StreamedMessages):
                _send(call, call.begin(), answer.send)
            else:
                call.reply(answer)

    def _answer_http(self, call: ControlCall, handle: HttpHandler) -> None:
        try:
            response = handle(call)
        except SalverError as error:
            call.fail(error.code, error.message)
        except Exception:
            logger.exception("The handler of %s %s failed", call.method, call.path)
            broken = _broken(call)
            call.fail(broken.code, broken.message)
        else:
            if isinstance(response, StreamedResponse):
                _send(call, call.begin_http(response.status, response.headers), response.send)
            else:
                call.reply_http(response.status, response.headers, response.body)

    def _grpc_handler(self, method: str) -> GrpcHandler:
        try:
            return self._grpc_methods[method]
        except KeyError:
            raise UnimplementedError(f"Method {method} is not implemented by this server") from None


def _send(call: ControlCall, stream: AnswerStream, send: SendPieces) -> None:
    try:
        send(stream)
    except SalverError as error:
        stream.fail(error.code, _cut(error.message))
    except Exception:
        logger.exception("The answer to %s %s broke off", call.method, call.path)
        broken = _broken(call)
        stream.fail(broken.code, broken.message)


def _broken(call: ControlCall) -> SalverError:
    return InternalError(f"{call.method} failed inside the server")


def _cut(message: str) -> str:
    encoded = message.encode()
    if len(encoded) <= _MAX_GRPC_MESSAGE_BYTES:
        return message
    return encoded[:_MAX_GRPC_MESSAGE_BYTES].decode(errors="ignore") + _CUT
