"""Asking the admin listener of a server, and turning what can go wrong into errors that say what to do."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlencode

from salver.address import host_and_port
from salver.errors import Code, FailedPreconditionError, SalverError, UnavailableError, error_from_code

DEFAULT_PORT = 8502
_TIMEOUT_S = 10.0
_EVENTS_TIMEOUT_S = 60.0
"""A stream of events that is silent for so long is broken: the server sends a sign of life several times as often."""


@dataclass(frozen=True)
class Address:
    """Where an admin listener is."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked."""

    method: str = "GET"
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    """Sent as JSON; None sends no body, unless there is `content`."""
    content: bytes | None = None
    """Sent as it is."""
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = _TIMEOUT_S
    """Longest wait for a sign of the server."""

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def body(self) -> bytes | None:
        """What is sent."""
        return self.content if self.document is None else json.dumps(self.document).encode()


@dataclass(frozen=True, kw_only=True)
class File:
    """An answer that is no JSON."""

    content: bytes
    headers: Mapping[str, str]
    """By their names in small letters."""


class AdminClient:
    """Asks one admin listener, on a new connection each time."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON document at `path`; raises as `send` does."""
        return self.send(Request(path=path, query=query))

    def post(self, path: str, document: Any, timeout_s: float) -> Any:
        """Send a JSON document and return the one that answers it, after up to `timeout_s`; raises as `send` does."""
        return self.send(Request(method="POST", path=path, document=document, timeout_s=timeout_s))

    def send(self, request: Request) -> Any:
        """Return the JSON document that answers a request.

        Raises:
            UnavailableError: Nobody answers.
            FailedPreconditionError: Who answers is no admin listener.
            SalverError: What the server refuses with.
        """
        with self._answer(request) as answer:
            return self._document(answer)

    def file(self, request: Request) -> File:
        """Return an answer as it is; raises as `send` does."""
        with self._answer(request) as answer:
            if answer.status != 200:
                raise self._refusal(self._json(answer))
            return File(content=answer.read(), headers={name.lower(): value for name, value in answer.getheaders()})

    def lines(self, request: Request) -> Iterator[str]:
        """Give the lines of an answer as they come, without their ends; raises as `send` does.

        Raises:
            UnavailableError: The server has gone.
        """
        with self._answer(request) as answer:
            if answer.status != 200:
                raise self._refusal(self._json(answer))
            while line := answer.readline():
                yield line.decode(errors="replace").rstrip("\r\n")

    @contextmanager
    def _answer(self, request: Request) -> Iterator[HTTPResponse]:
        """The answer, while its body is read; what goes wrong meanwhile is turned into an error, too."""
        connection = HTTPConnection(self._address.host, self._address.port, timeout=request.timeout_s)
        headers = {"X-Salver-Actor": _user(), **dict(request.headers)} if request.method != "GET" else request.headers
        answer = None
        with closing(connection):
            try:
                connection.request(request.method, request.target, request.body, dict(headers))
                answer = connection.getresponse()
                yield answer
            except TimeoutError:
                raise UnavailableError(f"{self._address} does not answer within {request.timeout_s:.0f} s") from None
            except (HTTPException, ConnectionResetError, BrokenPipeError) as error:
                if answer is not None:
                    raise UnavailableError(f"{self._address} broke off in the middle of its answer") from None
                if isinstance(error, ConnectionResetError | BrokenPipeError):
                    raise self._hung_up() from None
                raise self._is_something_else() from None
            except OSError as error:
                reason = error.strerror or error
                hint = "is the server running? Its flag --admin_port says where"
                raise UnavailableError(f"no admin listener at {self._address} ({reason}); {hint}") from None

    def _document(self, answer: HTTPResponse) -> Any:
        document = self._json(answer)
        if 200 <= answer.status < 300:
            return document
        raise self._refusal(document)

    def _json(self, answer: HTTPResponse) -> Any:
        try:
            return json.loads(answer.read())
        except ValueError:
            raise self._is_something_else() from None

    def _refusal(self, document: Any) -> SalverError:
        try:
            return error_from_code(Code[document["code"]], document["error"])
        except (KeyError, TypeError):
            return self._is_something_else()

    def _hung_up(self) -> SalverError:
        # The gRPC port hangs up, too.
        what = f"{self._address} hung up without an answer: it has ended meanwhile, or is no admin listener"
        return UnavailableError(f"{what}; the server's flag --admin_port says where that is, by default {DEFAULT_PORT}")

    def _is_something_else(self) -> SalverError:
        hint = f"the server's flag --admin_port says where it is, by default {DEFAULT_PORT}"
        return FailedPreconditionError(f"what answers at {self._address} is no admin listener; {hint}")


def _user() -> str:
    """Who is asking, for the audit of the server."""
    try:
        # A header has no other characters.
        return f"{getpass.getuser().encode('ascii', 'replace').decode()} (salver ctl)"
    except (KeyError, OSError):  # a user id without a name, as in a container
        return "salver ctl"


def events_request(query: Mapping[str, str]) -> Request:
    """A request for a stream of events."""
    accept = {"Accept": "text/event-stream"}
    return Request(path="/v1/events", query=query, headers=accept, timeout_s=_EVENTS_TIMEOUT_S)
