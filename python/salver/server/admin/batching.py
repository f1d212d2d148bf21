"""What came of batching, in JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict

from salver.boundary import BatchingReport, DataPlane
from salver.server.admin.model_name import model_of
from salver.server.admin.router import AdminRequest
from salver.server.http_response import HttpResponse, json_response


class BatchingReports:
    """Answers with a list of `BatchingReport`, field for field, and its `mode`."""

    def __init__(self, plane: DataPlane, names: Callable[[], Collection[str]]) -> None:
        """Make a handler; `names` are those of the configured models."""
        self._plane = plane
        self._names = names

    def all(self, request: AdminRequest) -> HttpResponse:
        """Answer with the reports on all models."""
        del request
        return _json(self._plane.batching_report())

    def of_model(self, request: AdminRequest) -> HttpResponse:
        """Answer with the reports on one model: none while no version of it serves.

        Raises:
            NotFoundError: It is not configured; names the nearest that is.
        """
        return _json(self._plane.batching_report(model_of(request, self._names())))


def _json(reports: Iterable[BatchingReport]) -> HttpResponse:
    import json

    return json_response(json.dumps({"batching": [{**asdict(report), "mode": report.mode} for report in reports]}))
