"""The pages below `/debug`."""

from __future__ import annotations

from salver.admin.requests import GilQuery
from salver.server.admin.answers import document_response
from salver.server.admin.router import AdminRequest
from salver.server.debug.gil import GilProbe
from salver.server.debug.stacks import stacks_text
from salver.server.http_response import AnyResponse, text_response


class DebugPages:
    """Answers what an operator asks of a server that behaves strangely."""

    def __init__(self, probe: GilProbe) -> None:
        """Make the handlers; `probe` measures the interpreter lock."""
        self._probe = probe

    def stacks(self, request: AdminRequest) -> AnyResponse:
        """Answer with the stacks of all threads of Python."""
        del request
        return text_response(200, stacks_text())

    def gil(self, request: AdminRequest) -> AnyResponse:
        """Answer with how busy the interpreter lock is; takes as long as the request says."""
        query: GilQuery = request.query
        call = request.call
        return document_response(self._probe.measure(query.window_s, lambda: not call.is_cancelled))
