"""A server to be measured: where it is, what it speaks, and one look at whether that works."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from salver.address import host_and_port
from salver.bench.model_address import ModelAddress
from salver.boundary.load import LoadOptions, LoadReport, LoadTls, StartLoad
from salver.errors import (
    Code,
    DeadlineExceededError,
    FailedPreconditionError,
    SalverError,
    UnavailableError,
    error_from_code,
)

PREDICT = "/tensorflow.serving.PredictionService/Predict"
MAX_TRIED_BODIES = 16
"""Sent once each before a load begins."""

_HTTP_CODES = {400: Code.INVALID_ARGUMENT, 404: Code.NOT_FOUND, 429: Code.RESOURCE_EXHAUSTED, 503: Code.UNAVAILABLE}


@dataclass(frozen=True, kw_only=True)
class Target:
    """One model on one server."""

    host: str
    port: int
    protocol: Literal["grpc", "rest"]
    model: ModelAddress
    tls: LoadTls | None = None
    headers: tuple[tuple[str, str], ...] = ()
    timeout_s: float = 10.0
    """For each request."""

    @property
    def address(self) -> str:
        """Host and port as people write them."""
        return host_and_port(self.host, self.port)

    def options(self, bodies: Sequence[bytes], path: str | None = None) -> LoadOptions:
        """Return the load of one request after the other; by default to Predict."""
        predict = PREDICT if self.protocol == "grpc" else f"{self.model.rest_path}:predict"
        return LoadOptions(
            host=self.host,
            port=self.port,
            protocol=self.protocol,
            path=path or predict,
            headers=self.headers,
            bodies=tuple(bodies),
            num_requests=len(bodies),
            timeout_s=self.timeout_s,
            tls=self.tls,
        )


def ask(start: StartLoad, target: Target, path: str, body: bytes = b"") -> bytes:
    """Return the answer to one request that is no inference: over REST, a GET.

    Raises:
        SalverError: What the server refuses with.
        UnavailableError: Nobody answers, or not as this protocol does.
    """
    options = replace(target.options([body], path), keep_reply=True)
    if target.protocol == "rest":
        options = replace(options, method="GET")
    report = start(options).report()
    _raise_failure(target, report)
    return report.reply or b""


def try_out(start: StartLoad, target: Target, bodies: Sequence[bytes]) -> None:
    """Send the first bodies once each, so that a load that cannot succeed does not begin; raises as `ask` does."""
    _raise_failure(target, start(target.options(bodies[:MAX_TRIED_BODIES])).report())


def _raise_failure(target: Target, report: LoadReport) -> None:
    for kind, (_, message) in report.failures.items():
        raise failure(target, kind, message)
    if report.failure is not None:
        raise UnavailableError(report.failure)
    if not sum(report.answered):
        raise UnavailableError(f"{target.address} gave no answer")


def failure(target: Target, kind: str, message: str) -> SalverError:
    """Return what a failure of this kind means; `LoadReport.failures` says what kinds there are."""
    if kind == "CONNECTION":
        port = "gRPC" if target.protocol == "grpc" else "REST"
        speaks = "without --tls" if target.tls is None else "with --tls"
        hint = f"is it the {port} port, and meant to be asked {speaks}?"
        return UnavailableError(f"{target.address} ended the connection without an answer ({message}); {hint}")
    if kind == "TIMEOUT":
        return DeadlineExceededError(f"{target.address}: {message}")
    if kind.isdecimal():
        code = _HTTP_CODES.get(int(kind), Code.FAILED_PRECONDITION)
        return error_from_code(code, f"{target.address} answers with status {kind}: {_error_text(message)}")
    if kind == Code.UNKNOWN.name or kind not in Code.__members__:
        return FailedPreconditionError(f"{target.address} answers {kind}: {message}")
    return error_from_code(Code[kind], f"{target.address} answers {kind}: {message}")


def _error_text(body: str) -> str:
    """The message in an error's body, or as much of a body as fits a line."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        document = None
    if isinstance(document, dict) and isinstance(document.get("error"), str):
        return str(document["error"])
    return " ".join(body.split())[:200] or "nothing"
