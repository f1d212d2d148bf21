"""What came of batching, in JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict

from salver.boundary import BatchingReport, DataPlane
from salver.config.flag_parser import nearest
from salver.errors import NotFoundError
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
        model, names = request.parameters["model"], self._names()
        if model not in names:
            guess = nearest(model, names)
            hint = f"; did you mean {guess}?" if guess else ""
            raise NotFoundError(f"There is no model {model}{hint}")
        return _json(self._plane.batching_report(model))


def _json(reports: Iterable[BatchingReport]) -> HttpResponse:
    import json

    return json_response(json.dumps({"batching": [{**asdict(report), "mode": report.mode} for report in reports]}))
