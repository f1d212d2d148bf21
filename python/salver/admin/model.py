"""What the admin API says of a model and of its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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

    version: int
    state: str
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


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSpec:
    """What an operator says of a model."""

    name: str
    base_path: str
    platform: str = "tensorflow"
    version_policy: Mapping[str, Any] = field(default_factory=lambda: {"latest": {"num_versions": 1}})
    """One of `{"latest": {"num_versions": N}}`, `{"all": {}}`, `{"specific": {"versions": [N, ...]}}`."""
    version_labels: Mapping[str, int] = field(default_factory=dict)
    aspired_version_policy: str | None = None
    """`availability_preserving` or `resource_preserving`; None takes the server's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelDocument(ModelSpec):
    """A model as it is."""

    source: str
    """`config`, or `program` for a servable that the program of the server brings; such a one cannot be changed."""
    status: str
    """AVAILABLE, LOADING, FAILED, UNLOADING or EMPTY: the best that a version of it is, or why there is none."""
    is_pinned: bool = False
    reason: Reason | None = None
    """Why no version serves."""
    memory_bytes: int | None = None
    num_in_flight: int | None = None
    batching: str = "off"
    """`adaptive`, `static` or `off`."""
    versions: tuple[VersionDocument, ...] = ()
    """Highest first."""
