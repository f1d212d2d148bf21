"""Answering what is not inference: one small router for gRPC methods and HTTP paths."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeAlias

from salver.boundary import ControlCall
from salver.errors import InternalError, ResourceExhaustedError, SalverError, UnimplementedError
from salver.server.http_response import HttpHandler

logger = logging.getLogger(__name__)

GrpcHandler: TypeAlias = Callable[[bytes], bytes]
"""Takes a serialized request message and returns the serialized answer; raises a SalverError to refuse."""

SlowHandler: TypeAlias = Callable[[ControlCall], bytes]
"""Like a `GrpcHandler`, for a call that may wait: it sees how long its caller will."""

_MAX_GRPC_MESSAGE_BYTES = 1024
_CUT = "...TRUNCATED"


def _run_here(task: Callable[[], None]) -> bool:
    task()
    return True


class ControlRouter:
    """Answers control calls; one object serves all control threads."""

    def __init__(
        self,
        grpc_methods: Mapping[str, GrpcHandler],
        http: HttpHandler,
        *,
        admin: HttpHandler,
        is_slow: Callable[[ControlCall], bool] = lambda _call: False,
        slow_methods: Mapping[str, SlowHandler] | None = None,
        submit_slow: Callable[[Callable[[], None]], bool] = _run_here,
    ) -> None:
        """Make a router.

        Args:
            grpc_methods: Handler by full method path, `/package.Service/Method`.
            http: Answers every HTTP call of the REST port.
            admin: Answers every call of the admin port.
            is_slow: Whether such a call may take long.
            slow_methods: Further handlers, of methods that may wait for long.
            submit_slow: Runs what may take long elsewhere; says False when it has no room.
        """
        self._grpc_methods = dict(grpc_methods)
        self._http = {"http": http, "admin": admin}
        self._is_slow = is_slow
        self._slow_methods = dict(slow_methods or {})
        self._submit_slow = submit_slow

    def handle(self, call: ControlCall, /) -> None:
        """Answer the call, whatever happens."""
        if call.is_cancelled:
            return  # dropped: nobody waits for the answer
        if call.protocol == "notice":
            logger.warning("%s", call.body.decode(errors="replace"))
        elif call.protocol in self._http:
            self._answer_page(call, self._http[call.protocol])
        elif call.method in self._slow_methods:
            handler = self._slow_methods[call.method]
            self._answer_slowly(call, lambda: self._answer_grpc(call, lambda: handler(call)))
        else:
            self._answer_grpc(call, lambda: self._grpc_handler(call.method)(call.body))

    def _answer_page(self, call: ControlCall, handle: HttpHandler) -> None:
        if call.protocol == "admin" and self._is_slow(call):
            self._answer_slowly(call, lambda: self._answer_http(call, handle))
        else:
            self._answer_http(call, handle)

    def _answer_slowly(self, call: ControlCall, answer: Callable[[], None]) -> None:
        if not self._submit_slow(answer):
            full = ResourceExhaustedError(f"Too many calls of {call.path or call.method} are waiting already")
            call.fail(full.code, full.message)

    def _answer_grpc(self, call: ControlCall, handle: Callable[[], bytes]) -> None:
        try:
            body = handle()
        except SalverError as error:
            call.fail(error.code, _cut(error.message))
        except Exception:
            logger.exception("The handler of %s failed", call.method)
            broken = _broken(call)
            call.fail(broken.code, broken.message)
        else:
            call.reply(body)

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
            call.reply_http(response.status, response.headers, response.body)

    def _grpc_handler(self, method: str) -> GrpcHandler:
        try:
            return self._grpc_methods[method]
        except KeyError:
            raise UnimplementedError(f"Method {method} is not implemented by this server") from None


def _broken(call: ControlCall) -> SalverError:
    return InternalError(f"{call.method} failed inside the server")


def _cut(message: str) -> str:
    encoded = message.encode()
    if len(encoded) <= _MAX_GRPC_MESSAGE_BYTES:
        return message
    return encoded[:_MAX_GRPC_MESSAGE_BYTES].decode(errors="ignore") + _CUT
