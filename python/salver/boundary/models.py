"""What models are, and what runs them: signatures, native models, TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class TensorInfo:
    """One named input or output of a signature."""

    name: str
    dtype: int
    """Element type as its wire number."""
    shape: tuple[int, ...] | None
    """Dimensions, -1 where unknown; None where the rank is unknown."""


@dataclass(frozen=True)
class Signature:
    """A callable of a servable: its inputs and outputs, sorted by name."""

    name: str
    method: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


class NativeModel(Protocol):
    """A loaded model that runs without Python. Freed when the last reference goes."""

    @property
    def signature_def_map(self) -> bytes:
        """The serialized SignatureDefMap of the model."""

    def run(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """Run one signature in the caller's thread, without the GIL."""

    def close(self) -> None:
        """Let go of the model; it is freed once no request runs in it. Idempotent."""


@dataclass(frozen=True, kw_only=True)
class TensorFlowOptions:
    """How a SavedModel is opened and run."""

    tags: tuple[str, ...] = ("serve",)
    """Tag set of the MetaGraph, which must have exactly these."""
    intra_op_threads: int | None = None
    """Threads for one operation; None lets TensorFlow choose."""
    inter_op_threads: int | None = None
    """Operations that may run at the same time; None lets TensorFlow choose."""
    run_in_caller: bool | None = None
    """Whether operations run in the thread that runs the batch rather than on TensorFlow's pool; None: as measured."""
    session_config: bytes = b""
    """A serialized ConfigProto that the fields above are laid over; empty is the default one."""


class TensorFlowRuntime(Protocol):
    """TensorFlow's C libraries, opened once per process."""

    @property
    def version(self) -> str:
        """Version of the libraries."""

    def load_library(self, path: str) -> None:
        """Register the operations of a custom-op library."""

    def load(self, directory: str, options: TensorFlowOptions) -> NativeModel:
        """Load the SavedModel in `directory`, without the GIL; raises a SalverError."""
