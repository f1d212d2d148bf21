"""What an inspection tells; in JSON field for field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class TensorReport:
    """One input or output."""

    tensor: str
    """What it is called in the graph."""
    dtype: str
    """Name of the wire's type, such as `DT_FLOAT`."""
    shape: tuple[int, ...] | None
    """-1 is any size; None any rank."""
    has_default: bool = False
    """Whether requests may leave it out."""


@dataclass(frozen=True, kw_only=True)
class SignatureReport:
    """One signature."""

    method: str
    inputs: Mapping[str, TensorReport]
    outputs: Mapping[str, TensorReport]


@dataclass(frozen=True, kw_only=True)
class GraphReport:
    """One MetaGraph of a SavedModel, or the one model of another format."""

    tags: tuple[str, ...] = ()
    made_with: str = ""
    """Name and version of what wrote it, where the file says so."""
    signatures: Mapping[str, SignatureReport] = field(default_factory=dict)
    """The default one first."""
    num_nodes: int = 0
    """Operations in the graph and in its functions."""
    num_functions: int = 0
    operations: Mapping[str, int] = field(default_factory=dict)
    """Kinds of operations and how often each stands in the graph or in a function."""
    unknown_operations: tuple[str, ...] | None = None
    """Those that the installed TensorFlow does not have, so that they need a library; None where that is not known."""
    custom_operations: tuple[str, ...] = ()
    """Those that the file itself calls custom."""


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """A file beside the model."""

    name: str
    num_bytes: int


@dataclass(frozen=True, kw_only=True)
class WarmupReport:
    """A warm-up file."""

    name: str
    num_records: int
    """Up to the first that is damaged or does not fit the model."""
    problem: str | None = None
    """What is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class VersionReport:
    """One version directory."""

    format: str
    """`SavedModel`, `TFLite`, `Python servable` or `lookup table`."""
    platform: str
    """The `model_platform` that serves it."""
    num_bytes: int
    """Of all files."""
    graphs: tuple[GraphReport, ...] = ()
    variables_bytes: int | None = None
    """None where the format has none."""
    assets: tuple[FileReport, ...] = ()
    warmup: tuple[WarmupReport, ...] = ()
    notes: tuple[str, ...] = ()
    """What is odd about it, or not told here."""


@dataclass(frozen=True, kw_only=True)
class VersionLine:
    """One version of a base path."""

    version: int
    directory: str
    format: str | None
    """None where it holds no model."""
    num_bytes: int
    is_settled: bool
    """Whether nothing was written to it of late; others are passed over."""
    served_by: tuple[str, ...]
    """Version policies that would serve it now."""


@dataclass(frozen=True, kw_only=True)
class BasePathReport:
    """A base path and its versions."""

    versions: tuple[VersionLine, ...]
    """The highest first."""
    passed_over: tuple[str, ...]
    """Names of what is no version."""
