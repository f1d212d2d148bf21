"""The part of the admin port's table that is about warming up."""

from __future__ import annotations

from salver.admin.recording import RecordRequest
from salver.admin.replay import ReplayQuery, ReplayReport
from salver.errors import Code
from salver.server.admin.about import About, Content, Effect, json_of
from salver.server.admin.router import Route
from salver.server.admin.warmup import WarmupPages

_TFRECORD = "application/octet-stream"


def warmup_routes(pages: WarmupPages) -> tuple[Route, ...]:
    """Return the routes."""
    record = About(
        summary="Record requests of clients as they come, with their answers",
        details="Beside the file, headers say how many records it has (`x-salver-records`), how many requests were "
        "missed because they came too fast (`x-salver-dropped`), and why it ended (`x-salver-end`: `records`, `bytes`, "
        "`time` or `stop`).",
        tag="warm-up",
        body=json_of(RecordRequest),
        answer=Content(_TFRECORD, text="A TFRecord file of PredictionLogs"),
        codes=(Code.NOT_FOUND,),
        effect=Effect.ACT,
    )
    replay = About(
        summary="Replay recorded requests on a version that is loaded",
        details="Nobody gets the answers. The replay is given up once the version is to be unloaded (409), the server "
        "stops (503), or a request takes longer than `timeout_s` (504).",
        tag="warm-up",
        query=ReplayQuery,
        body=Content(_TFRECORD, text="A TFRecord file of PredictionLogs"),
        answer=json_of(ReplayReport),
        codes=(Code.NOT_FOUND, Code.CANCELLED, Code.ABORTED, Code.DEADLINE_EXCEEDED),
        effect=Effect.ACT,
    )
    return (
        Route("POST", "/v1/models/{model}:record", pages.record, is_slow=True, about=record),
        Route("POST", "/v1/models/{model}/versions/{version}:replay", pages.replay, is_slow=True, about=replay),
    )
