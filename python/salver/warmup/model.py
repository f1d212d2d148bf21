"""The model that a command is about: a version directory, or one of a running server."""

from __future__ import annotations

import os

from salver.ctl.client import Address
from salver.errors import FailedPreconditionError
from salver.inspection.inspect import inspect
from salver.inspection.report import SignatureReport, VersionReport
from salver.inspection.request_forms import forms_of_reports
from salver.inspection.version import Depth
from salver.records.request_form import RequestForm
from salver.warmup.server import WarmupServer


def is_directory(model: str) -> bool:
    """Whether this means a directory, and no model of a server."""
    return os.path.isdir(model) or os.sep in model


def forms_of_model(model: str, address: Address, version: int | None) -> dict[str, RequestForm]:
    """Return the forms of requests to a model.

    Args:
        model: A version directory, or else the name of a model of the server.
        address: Where that server is.
        version: Which of its versions; None is the highest that serves.

    Raises:
        SalverError: There is no such model, or its signatures are not to be had.
    """
    if not is_directory(model):
        return WarmupServer(address).forms(model, version)
    # A Python servable says its signatures only when it runs, and whoever asks for requests to it means to run it.
    report = inspect(model, Depth(runs_code=True))
    if not isinstance(report, VersionReport):
        numbers = ", ".join(line.directory for line in report.versions)
        hint = "" if os.sep in model else "; for a model of a server that is called so, work in another folder"
        raise FailedPreconditionError(f"{model} is a base path: name one of its versions ({numbers}){hint}")
    signatures: dict[str, SignatureReport] = {}
    for graph in report.graphs:
        signatures |= {name: found for name, found in graph.signatures.items() if name not in signatures}
    return forms_of_reports(signatures)
