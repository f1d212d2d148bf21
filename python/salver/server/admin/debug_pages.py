"""The pages below `/debug`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from salver.admin.debug import RequestDocument, RequestList
from salver.admin.requests import GilQuery, RequestsQuery
from salver.boundary import RunningRequests
from salver.server.admin.answers import document_response
from salver.server.admin.router import AdminRequest
from salver.server.debug.gil import GilProbe
from salver.server.debug.stacks import stacks_text
from salver.server.http_response import AnyResponse, text_response


class DebugPages:
    """Answers what an operator asks of a server that behaves strangely."""

    def __init__(self, running: Callable[[int], RunningRequests], probe: GilProbe) -> None:
        """Make the handlers.

        Args:
            running: Tells how many requests are under way, and as many of the oldest as it is asked for.
            probe: Measures the interpreter lock.
        """
        self._running = running
        self._probe = probe

    def requests(self, request: AdminRequest) -> AnyResponse:
        """Answer with the requests that are under way; may take a second where an event loop is busy."""
        query: RequestsQuery = request.query
        found = self._running(query.limit)
        told = tuple(RequestDocument(**asdict(one)) for one in found.oldest)
        return document_response(RequestList(total=found.total, requests=told))

    def stacks(self, request: AdminRequest) -> AnyResponse:
        """Answer with the stacks of all threads of Python."""
        del request
        return text_response(200, stacks_text())

    def gil(self, request: AdminRequest) -> AnyResponse:
        """Answer with how busy the interpreter lock is; takes as long as the request says."""
        query: GilQuery = request.query
        call = request.call
        return document_response(self._probe.measure(query.window_s, lambda: not call.is_cancelled))
