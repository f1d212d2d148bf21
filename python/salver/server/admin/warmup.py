"""Recordings and replays on the admin port: TFRecord files out and in."""

from __future__ import annotations

from collections.abc import Callable, Collection

from salver.core.ids import ServableId
from salver.errors import DataLossError, InvalidArgumentError
from salver.server.admin.answers import document_response
from salver.server.admin.model_name import model_of
from salver.server.admin.recording_answer import RecordingAnswer
from salver.server.admin.router import AdminRequest
from salver.server.http_response import AnyResponse, HttpResponse
from salver.server.recordings import Recordings
from salver.server.replays import Replays


class WarmupPages:
    """Answers requests to record and to replay."""

    def __init__(self, recordings: Recordings, replays: Replays, names: Callable[[], Collection[str]]) -> None:
        """Make a handler; `names` are those of the configured models."""
        self._recordings = recordings
        self._replays = replays
        self._names = names

    def record(self, request: AdminRequest) -> AnyResponse:
        """Answer with a TFRecord file of requests that came meanwhile; takes as long as the request allows.

        Raises:
            SalverError: The model is not configured, or too much is recorded already.
        """
        call = request.call
        model = model_of(request, self._names())
        # At once: an operator should not hear of it only when the requests are somewhere else already.
        on_begun = request.attempt.accept
        made = self._recordings.record(model, request.document, lambda: not call.is_cancelled, on_begun)
        return RecordingAnswer(self._recordings, made).response()

    def replay(self, request: AdminRequest) -> HttpResponse:
        """Answer with what came of replaying the body; takes as long as the version takes.

        Raises:
            SalverError: The version is not loaded, or the body is no TFRecord file.
        """
        call = request.call
        id = ServableId(model_of(request, self._names()), request.version)
        try:
            report = self._replays.replay(id, bytes(call.body), request.query, lambda: not call.is_cancelled)
        except DataLossError as error:
            # Nothing of the server's is lost: the caller sent it so.
            raise InvalidArgumentError(error.message) from error
        return document_response(report)
