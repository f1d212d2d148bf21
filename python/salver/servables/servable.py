"""What a servable must offer to be reached over the wire, and how it says what it takes and gives.

The core serves objects of any type. One that follows `Servable` below can also be called by gRPC and REST: any Python
object with `signatures` and `run` will do, no base class is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeGuard

from salver.boundary import Signature, TensorInfo
from salver.servables.dtypes import wire_dtype

if TYPE_CHECKING:
    import numpy as np

    from salver.servables.dtypes import DTypeLike

DEFAULT_SIGNATURE = "serving_default"
"""Signature of a request that names none."""
PREDICT_METHOD = "tensorflow/serving/predict"
CLASSIFY_METHOD = "tensorflow/serving/classify"
REGRESS_METHOD = "tensorflow/serving/regress"

Tensors: TypeAlias = "Mapping[str, np.ndarray[Any, Any]]"


@dataclass(frozen=True)
class TensorSpec:
    """Element type and shape of one input or output of a Python servable."""

    dtype: DTypeLike
    """A numpy dtype (`np.float32`, `"int64"`), `bytes` for strings, or a wire number."""
    shape: Sequence[int | None] | None = None
    """Dimensions, None where any length will do; None for any rank."""

    def as_tensor_info(self, name: str) -> TensorInfo:
        """Return this as the boundary knows it, with -1 for a dimension of any length."""
        shape = None if self.shape is None else tuple(-1 if size is None else int(size) for size in self.shape)
        return TensorInfo(name, wire_dtype(self.dtype), shape)


@dataclass(frozen=True)
class SignatureSpec:
    """One callable of a Python servable."""

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    method: str = PREDICT_METHOD

    def as_signature(self, name: str) -> Signature:
        """Return this as the boundary knows it, sorted by tensor name."""
        return Signature(name, self.method, _tensor_infos(self.inputs), _tensor_infos(self.outputs))


def _tensor_infos(specs: Mapping[str, TensorSpec]) -> tuple[TensorInfo, ...]:
    return tuple(spec.as_tensor_info(name) for name, spec in sorted(specs.items()))


Stream: TypeAlias = Callable[[str, "Tensors"], Iterable["Tensors"]]
"""Gives the outputs of a request in parts, each with every output of the signature.

A servable that has such a method under the name `stream` answers streaming calls with it, one request at a time and on
a runner thread, for as long as the client reads. What it raises ends the stream with that error.
"""


class Servable(Protocol):
    """A Python object that answers requests.

    It may also have `stream`, of type `Stream`, and a method `warmup()`, which is called after the load and before the
    version serves; what it raises fails the load.
    """

    @property
    def signatures(self) -> Mapping[str, SignatureSpec]:
        """What can be called, by name; read once, when the version becomes available."""

    def run(self, signature: str, inputs: Tensors, /) -> Tensors:
        """Run one batch and return every output of the signature.

        Called on several threads at once unless the server has one runner. Inputs are read-only; strings are object
        arrays of `bytes`. With batching, the first dimension of inputs and outputs is the batch.

        Raises:
            SalverError: Sent to the clients of this batch as it is; any other exception becomes UNKNOWN.
        """


def is_servable(candidate: object) -> TypeGuard[Servable]:
    """Whether `candidate` follows `Servable`."""
    return callable(getattr(candidate, "run", None)) and isinstance(getattr(candidate, "signatures", None), Mapping)


def max_batch_rows_of(servable: object) -> int | None:
    """Return how many rows of different requests may be joined for this servable; None leaves it to the server.

    A servable that knows better than the server says so in its attribute `max_batch_rows`; 1 keeps requests apart.
    """
    own = getattr(servable, "max_batch_rows", None)
    return None if own is None else int(own)


@dataclass(frozen=True)
class CallableServable:
    """A function as a servable with one signature.

    ```python
    double = CallableServable(
        lambda inputs: {"y": inputs["x"] * 2},
        inputs={"x": TensorSpec(np.float32, [None])},
        outputs={"y": TensorSpec(np.float32, [None])},
    )
    ```
    """

    function: Callable[[Tensors], Tensors]
    """Takes all inputs by name, returns all outputs by name."""
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    signature_name: str = DEFAULT_SIGNATURE
    method: str = PREDICT_METHOD
    signatures: Mapping[str, SignatureSpec] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "signatures", {self.signature_name: SignatureSpec(self.inputs, self.outputs, self.method)}
        )

    def run(self, signature: str, inputs: Tensors, /) -> Tensors:
        """Call the function."""
        del signature  # there is one
        return self.function(inputs)
