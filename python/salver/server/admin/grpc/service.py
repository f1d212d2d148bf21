"""`salver.admin.v1.Admin`: each call becomes the request of the REST API that it stands for, and the answer a message.

So both are one API: what is checked, audited and refused is so in one place, by the table of routes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlencode

from salver.admin.event import EventDocument
from salver.boundary import AnswerStream, ControlCall
from salver.errors import Code, InvalidArgumentError, SalverError, UnimplementedError, error_from_code
from salver.server.admin.events import latest, read_types
from salver.server.admin.grpc.messages import PACKAGE, from_document, to_document
from salver.server.admin.grpc.methods import METHODS, Method
from salver.server.admin.router import AdminRoutes
from salver.server.control_router import GrpcHandler, StreamedMessages
from salver.server.events.event_log import EventFilter, EventLog
from salver.server.events.event_watchers import EventForm, EventWatchers
from salver.server.http_response import AnyResponse, HttpResponse
from salver.server.requests import parsed

SERVICE = f"{PACKAGE}.Admin"
_OF_CLIENTS = "/tensorflow.serving."


def _encoded(event: EventDocument) -> bytes:
    return from_document("Event", event.to_json())


EVENT_MESSAGES = EventForm(_encoded)


class AdminService:
    """Answers gRPC calls on the admin port; one object serves all control threads."""

    def __init__(
        self,
        routes: AdminRoutes,
        log: EventLog,
        watchers: EventWatchers,
        others: Mapping[str, GrpcHandler],
    ) -> None:
        """Make the service.

        Args:
            routes: Answers requests of the REST API.
            log: The events.
            watchers: Those who watch them.
            others: Handlers of further services, by method path.
        """
        self._routes = routes
        self._log = log
        self._watchers = watchers
        self._others = others
        self._methods = {f"/{SERVICE}/{method.name}": method for method in METHODS}

    def __call__(self, call: ControlCall) -> bytes | StreamedMessages:
        """Answer the call.

        Raises:
            SalverError: What the REST API refuses it with; UnimplementedError for a method that is not there.
        """
        method = self._methods.get(call.method)
        if method is not None:
            return _answer(method, self._routes(_as_request(method, call)))
        if call.method == f"/{SERVICE}/ListEvents":
            return self._list_events(call)
        if call.method == f"/{SERVICE}/WatchEvents":
            return self._watch_events(call)
        if call.method in self._others:
            return self._others[call.method](call.body)
        hint = "; the gRPC port has it" if call.method.startswith(_OF_CLIENTS) else ""
        raise UnimplementedError(f"Method {call.method} is not implemented by the admin port{hint}")

    def is_slow(self, call: ControlCall) -> bool:
        """Whether the answer to this call may take seconds."""
        method = self._methods.get(call.method)
        return method is not None and self._routes.is_slow(_named(method, call))

    def note_refusal(self, call: ControlCall, error: SalverError) -> None:
        """See `AdminRoutes.note_refusal`."""
        method = self._methods.get(call.method)
        if method is None:
            return
        try:
            request = _as_request(method, call)
        except InvalidArgumentError:
            request = _named(method, call)
        self._routes.note_refusal(request, error)

    def _list_events(self, call: ControlCall) -> bytes:
        wanted, after = _wanted(call)
        events = [event.to_json() for event in latest(self._log, wanted, after)]
        return from_document("Events", {"events": events, "last_id": self._log.last_id})

    def _watch_events(self, call: ControlCall) -> StreamedMessages:
        wanted, after = _wanted(call)
        self._watchers.check_room()
        return StreamedMessages(lambda stream: self._watchers.add(stream, EVENT_MESSAGES, wanted, after))


def _wanted(call: ControlCall) -> tuple[EventFilter, int | None]:
    request = parsed("EventsRequest", bytes(call.body), PACKAGE)
    after = max(0, request.after) if request.HasField("after") else None
    return EventFilter(frozenset(request.model), read_types(tuple(request.type))), after


@dataclass(frozen=True, slots=True)
class _Request:
    """The request of the REST API that a gRPC call stands for."""

    call: ControlCall
    method: str
    path: str
    query: str
    body: bytes

    @property
    def protocol(self) -> str:
        return "admin"

    @property
    def address(self) -> str | None:
        return self.call.address

    @property
    def headers(self) -> list[tuple[str, str]]:
        return self.call.headers

    @property
    def timeout_s(self) -> float | None:
        return self.call.timeout_s

    @property
    def is_cancelled(self) -> bool:
        return self.call.is_cancelled

    def as_call(self) -> ControlCall:
        """Have it pass as a call: it is asked, and never answered."""
        return cast("ControlCall", self)


def _named(method: Method, call: ControlCall) -> ControlCall:
    """The request without what the message says, which need not be readable."""
    return _Request(call, method.verb, method.path, "", b"").as_call()


def _as_request(method: Method, call: ControlCall) -> ControlCall:
    fields = to_document(parsed(method.request_name, bytes(call.body), PACKAGE))
    path = method.path
    for name in method.parameters:
        # A version that was left out is 0.
        value = _text(fields.pop(name, 0 if name == "version" else ""))
        if not value:
            raise InvalidArgumentError(f"{method.name} needs a {name}, got none")
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    query = urlencode({name: _text(fields.pop(name)) for name in method.query if name in fields})
    body = fields.get(method.body, {}) if method.body else fields
    sent = json.dumps(body).encode() if body else b""
    return _Request(call, method.verb, path, query, sent).as_call()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answer(method: Method, response: AnyResponse) -> bytes | StreamedMessages:
    if isinstance(response, HttpResponse):
        return _translated(method, response.status, response.body)
    send = response.send
    return StreamedMessages(lambda stream: send(_Translating(stream, method).as_stream()))


def _translated(method: Method, status: int, body: bytes) -> bytes:
    document = json.loads(body)
    if status >= 400:
        raise error_from_code(Code[document["code"]], document["error"])
    return from_document(method.answer, document)


@dataclass(frozen=True, slots=True)
class _Translating:
    """A stream for a handler that gives its document, whole, before it goes on."""

    stream: AnswerStream
    method: Method

    @property
    def is_open(self) -> bool:
        return self.stream.is_open

    def send(self, piece: bytes, timeout_s: float = 0.0) -> bool:
        return self.stream.send(_translated(self.method, 200, piece), timeout_s)

    def end(self) -> None:
        self.stream.end()

    def fail(self, code: int, message: str) -> None:
        self.stream.fail(code, message)

    def as_stream(self) -> AnswerStream:
        return self
