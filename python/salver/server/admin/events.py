"""Events on the admin port: a stream of server-sent events (HTML standard, section 9.2), or a list of the latest."""

from __future__ import annotations

import json

from salver.admin.event import FIELDS, EventDocument
from salver.admin.requests import EventsQuery
from salver.errors import InvalidArgumentError
from salver.nearest import did_you_mean
from salver.server.admin.router import AdminRequest
from salver.server.events.event_log import EventFilter, EventLog
from salver.server.events.event_watchers import EventForm, EventWatchers
from salver.server.http_response import AnyResponse, StreamedResponse, json_response

MAX_LATEST = 1000
"""How many events a list has at most."""

_HEADERS = (
    ("content-type", "text/event-stream"),
    ("cache-control", "no-store"),
    # nginx would keep events back until its buffer is full.
    ("x-accel-buffering", "no"),
)


def server_sent(event: EventDocument) -> bytes:
    """Write an event as browsers read it."""
    data = json.dumps(event.to_json(), separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.type}\ndata: {data}\n\n".encode()


SERVER_SENT_EVENTS = EventForm(server_sent, heartbeat=b":\n\n")


class Events:
    """Answers requests for events."""

    def __init__(self, log: EventLog, watchers: EventWatchers) -> None:
        self._log = log
        self._watchers = watchers

    def __call__(self, request: AdminRequest) -> AnyResponse:
        """Answer with the latest events where JSON is asked for, else with a stream.

        Raises:
            InvalidArgumentError: The query is wrong.
            ResourceExhaustedError: As many clients watch as may.
        """
        query: EventsQuery = request.query
        wanted = EventFilter(frozenset(query.model), read_types(query.type))
        after = _after(query, request.header("last-event-id"))
        if _wants_json(request.header("accept") or ""):
            return self._latest(wanted, after)
        self._watchers.check_room()
        return StreamedResponse(
            200, _HEADERS, lambda stream: self._watchers.add(stream, SERVER_SENT_EVENTS, wanted, after)
        )

    def _latest(self, wanted: EventFilter, after: int | None) -> AnyResponse:
        events = latest(self._log, wanted, after)
        document = {"events": [event.to_json() for event in events], "last_id": self._log.last_id}
        return json_response(json.dumps(document) + "\n")


def latest(log: EventLog, wanted: EventFilter, after: int | None) -> tuple[EventDocument, ...]:
    """Return the last events, or the first after a number; oldest first, and no more than `MAX_LATEST`."""
    if after is None:
        return log.latest(wanted, MAX_LATEST)
    return log.after(after, wanted, MAX_LATEST)


def read_types(types: tuple[str, ...]) -> frozenset[str]:
    """Check types of events.

    Raises:
        InvalidArgumentError: There is no such type.
    """
    for kind in types:
        if kind not in FIELDS:
            hint = did_you_mean(kind, FIELDS, f"known are {', '.join(FIELDS)}")
            raise InvalidArgumentError(f"there are no events of type {kind}; {hint}")
    return frozenset(types)


def _after(query: EventsQuery, last_event_id: str | None) -> int | None:
    """The last event that the client knows. A browser that comes back has it in a header, beside its first query."""
    if not last_event_id:
        return query.after
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 20):
        raise InvalidArgumentError(f"Last-Event-ID must be the number of an event, got {last_event_id[:80]!r}")
    return int(last_event_id)


def _wants_json(accept: str) -> bool:
    return "application/json" in accept and "text/event-stream" not in accept
