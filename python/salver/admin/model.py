"""What the admin API says of a model and of its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from salver.admin.limits import NAME, VERSION, Limits

STATES = Limits(choices=("START", "LOADING", "AVAILABLE", "UNLOADING", "END"))
STATUS = Limits(choices=("AVAILABLE", "LOADING", "FAILED", "UNLOADING", "EMPTY"))
BATCHING = Limits(choices=("adaptive", "static", "off"))
ASPIRED_VERSION_POLICY = Limits(choices=("availability_preserving", "resource_preserving"))
BASE_PATH = Limits(pattern=r"(/|[A-Za-z][A-Za-z0-9+.\-]*://)[^\x00]*$")
"""An absolute path, or a URI."""
_VERSION_SCHEMA = {"type": "integer", "minimum": 0, "maximum": VERSION.maximum}
LABELS = Limits(
    schema={
        "type": "object",
        "propertyNames": {"minLength": 1},
        "additionalProperties": {**_VERSION_SCHEMA, "type": ["integer", "null"]},
    }
)
"""Of a patch, in which null removes a label."""


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


_POLICIES = {
    "latest": _object({"num_versions": {"type": "integer", "minimum": 1, "maximum": 2**32 - 1}}),
    "all": _object({}),
    "specific": _object({"versions": {"type": "array", "items": _VERSION_SCHEMA}}, "versions"),
}
_NO_POLICIES: Mapping[str, Any] = {name: {"type": "null"} for name in _POLICIES}
VERSION_POLICY = Limits(schema={"oneOf": [_object({name: inner}, name) for name, inner in _POLICIES.items()]})
VERSION_POLICY_PATCH = Limits(
    schema={"oneOf": [_object({**_NO_POLICIES, name: inner}, name) for name, inner in _POLICIES.items()]}
)
"""Of a patch, in which the other policies may be null."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why something failed."""

    code: str
    """Name of a gRPC code."""
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorDocument:
    """An input or output of a signature."""

    dtype: str
    """Name of the wire's type, such as `DT_FLOAT`."""
    shape: tuple[int, ...] | None = None
    """-1 is any size; None any rank."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureDocument:
    """A named function of a version."""

    method: str
    """Its method name, such as `tensorflow/serving/predict`."""
    inputs: Mapping[str, TensorDocument]
    outputs: Mapping[str, TensorDocument]


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionDocument:
    """A version and where it is in its life."""

    version: Annotated[int, VERSION]
    state: Annotated[str, STATES]
    """START, LOADING, AVAILABLE, UNLOADING or END."""
    since: str
    """When it came into that state, RFC 3339 in UTC."""
    reason: Reason | None = None
    """What it failed with."""
    labels: tuple[str, ...] = ()
    memory_bytes: int | None = None
    """Estimate of what it takes; None where nobody knows."""
    load_s: float | None = None
    """How long its last load took, warm-up included."""
    num_in_flight: int | None = None
    num_requests: int | None = None
    num_failed_loads: int = 0
    """Attempts that failed since it was last loaded."""
    next_retry_at: str | None = None
    """When it will be tried again, RFC 3339 in UTC."""
    signatures: Mapping[str, SignatureDocument] | None = None
    """Only where one version is asked for, and only while it serves."""


def _latest() -> Mapping[str, Any]:
    return {"latest": {"num_versions": 1}}


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSpec:
    """What an operator says of a model."""

    name: Annotated[str, NAME]
    base_path: Annotated[str, BASE_PATH]
    """Directory (absolute) or URI that holds the version directories."""
    platform: str = "tensorflow"
    version_policy: Annotated[Mapping[str, Any], VERSION_POLICY] = field(default_factory=_latest)
    """One of `{"latest": {"num_versions": N}}`, `{"all": {}}`, `{"specific": {"versions": [N, ...]}}`."""
    version_labels: Mapping[Annotated[str, NAME], Annotated[int, VERSION]] = field(default_factory=dict)
    """Label to version number; a label may name a version that is still loading."""
    aspired_version_policy: Annotated[str | None, ASPIRED_VERSION_POLICY] = None
    """`availability_preserving` or `resource_preserving`; None takes the server's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelDocument(ModelSpec):
    """A model as it is."""

    base_path: str
    """Empty where the program of the server brings the servable."""
    source: str
    """`config`, or `program` for a servable that the program of the server brings; such a one cannot be changed."""
    status: Annotated[str, STATUS]
    """AVAILABLE, LOADING, FAILED, UNLOADING or EMPTY: the best that a version of it is, or why there is none."""
    is_pinned: bool = False
    reason: Reason | None = None
    """Why no version serves; of a model that is AVAILABLE, why no other version comes: its base path cannot be used."""
    memory_bytes: int | None = None
    num_in_flight: int | None = None
    batching: Annotated[str, BATCHING] = "off"
    """`adaptive`, `static` or `off`."""
    versions: tuple[VersionDocument, ...] = ()
    """Highest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelsDocument:
    """All models, or those that were asked for."""

    etag: str
    """Stands for the configuration of all models."""
    models: tuple[ModelDocument, ...]
    """By name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelReport:
    """What became of an act."""

    model: ModelDocument
