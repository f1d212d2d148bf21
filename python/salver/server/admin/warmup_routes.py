"""The part of the admin port's table that is about warming up."""

from __future__ import annotations

from salver.server.admin.router import Route
from salver.server.admin.warmup import WarmupPages


def warmup_routes(pages: WarmupPages) -> tuple[Route, ...]:
    """Return the routes."""
    return (
        Route("POST", "/v1/models/{model}:record", pages.record, is_slow=True),
        Route("POST", "/v1/models/{model}/versions/{version}:replay", pages.replay, is_slow=True),
    )
