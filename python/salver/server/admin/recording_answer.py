"""The answer to a request to record: a file that may be large, for a client that may be slow."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from salver.boundary import AnswerStream
from salver.errors import DeadlineExceededError
from salver.server.http_response import AnyResponse, HttpResponse, StreamedResponse
from salver.server.recordings import End, Recording, Recordings

MAX_SEND_S = 600.0
"""How long a client may take for a recording, which holds a place, memory and a thread as long as it is sent."""
_PIECE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class RecordingAnswer:
    """Sends a recording, and releases it as soon as all of it is on its way or nobody reads it."""

    recordings: Recordings
    made: Recording
    clock: Callable[[], float] = time.monotonic
    """Gives seconds."""

    def response(self) -> AnyResponse:
        """Return the answer; a streamed one waits for the client, so its handler must be slow."""
        content = self.made.content()
        headers = (
            ("content-type", "application/octet-stream"),
            ("x-salver-records", str(self.made.num_records)),
            ("x-salver-dropped", str(self.made.num_dropped)),
            ("x-salver-end", self.made.end.value),
        )
        if self.made.end is End.STOP:
            # Whole: the end of the server breaks streams off. It is the last, or nobody is there to read it.
            self.recordings.release(self.made)
            return HttpResponse(200, headers, content)
        return StreamedResponse(200, (*headers, ("content-length", str(len(content)))), self._send)

    def _send(self, stream: AnswerStream) -> None:
        try:
            self._send_pieces(stream)
        finally:
            self.recordings.release(self.made)

    def _send_pieces(self, stream: AnswerStream) -> None:
        content, deadline = self.made.content(), self.clock() + MAX_SEND_S
        for start in range(0, len(content), _PIECE_BYTES):
            left_s = max(0.0, deadline - self.clock())
            if not stream.send(content[start : start + _PIECE_BYTES], left_s):
                # Of a stream that is no longer open nobody hears this.
                raise DeadlineExceededError(f"the recording was not read within {MAX_SEND_S:g} s")
        stream.end()
