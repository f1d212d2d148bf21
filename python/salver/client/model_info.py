"""What a server says of its models: the states of their versions, their signatures."""

from __future__ import annotations

from typing import Any

from salver.client.answers import VersionState, VersionStatus
from salver.client.model_spec import ModelSpec
from salver.client.operation import Operation, RestForm
from salver.client.signatures import ModelMetadata, metadata_of_document, metadata_of_message
from salver.client.wire_messages import parsed
from salver.client.wire_writer import span
from salver.errors import Code, error_from_code

_STATES = {10: "START", 20: "LOADING", 30: "AVAILABLE", 40: "UNLOADING", 50: "END"}


def model_status(spec: ModelSpec) -> Operation[list[VersionStatus]]:
    """Build a GetModelStatus call."""
    return Operation(
        "GetModelStatus",
        "/tensorflow.serving.ModelService/GetModelStatus",
        lambda: [span(1, spec.message())],
        _statuses,
        lambda: RestForm("GET", spec.path(), lambda document, _: _statuses_of_document(document)),
    )


def model_metadata(spec: ModelSpec) -> Operation[ModelMetadata]:
    """Build a GetModelMetadata call."""
    return Operation(
        "GetModelMetadata",
        "/tensorflow.serving.PredictionService/GetModelMetadata",
        lambda: [span(1, spec.message()), span(2, b"signature_def")],
        metadata_of_message,
        lambda: RestForm("GET", f"{spec.path()}/metadata", lambda document, _: metadata_of_document(document)),
    )


def _statuses(message: bytes) -> list[VersionStatus]:
    return [
        _status(one.version, _STATES.get(one.state, ""), one.status.error_code, one.status.error_message)
        for one in parsed("GetModelStatusResponse", message).model_version_status
    ]


def _statuses_of_document(document: Any) -> list[VersionStatus]:
    statuses = []
    for one in document["model_version_status"]:
        status = one.get("status", {})
        code = Code[status.get("error_code", "OK")]
        statuses.append(_status(int(one["version"]), one["state"], code, status.get("error_message", "")))
    return statuses


def _status(version: int, state: str, code: int, message: str) -> VersionStatus:
    known = state if state in VersionState.__members__ else VersionState.UNKNOWN
    return VersionStatus(version, VersionState(known), error_from_code(code, message) if code else None)
