"""Running the signatures of a model on one interpreter.

Two ways, since an interpreter can be used in one of them only: by the tensors of the main graph, for signatures that
name tensors, and by the model's own table of signatures, which may run other graphs of the model too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from salver.errors import InternalError, InvalidArgumentError
from salver.servables.tflite.interpreter import allocate, error_text
from salver.servables.tflite.signature_defs import tensors_by_name

if TYPE_CHECKING:
    from salver.servables.servable import Tensors
    from salver.servables.tflite.interpreter import Array, Interpreter, TensorDetails
    from salver.wire.pool import Message


class Program(Protocol):
    """A model on one interpreter. For one thread at a time."""

    def run(self, signature: str, inputs: Tensors, /) -> Tensors:
        """Run one signature with inputs of any shape that the model can take, and return all its outputs.

        Raises:
            InvalidArgumentError: An input has another element type than the signature.
            InternalError: The interpreter cannot take these shapes, or fails.
        """


@dataclass(frozen=True)
class _Call:
    """One signature over tensors of the main graph."""

    inputs: Mapping[str, TensorDetails]
    outputs: Mapping[str, int]


class MainGraphProgram:
    """Runs signatures that name tensors of the main graph."""

    def __init__(self, interpreter: Interpreter, signatures: Mapping[str, Message]) -> None:
        """Find the tensors of each signature.

        Raises:
            AlreadyExistsError: Two inputs, or two outputs, have the same name.
            InternalError: A signature names a tensor that is none of the graph's inputs or outputs.
        """
        self._interpreter = interpreter
        inputs = tensors_by_name(interpreter.get_input_details())
        outputs = tensors_by_name(interpreter.get_output_details())
        self._calls = {
            name: _Call(
                {alias: _tensor(inputs, info.name, name) for alias, info in signature.inputs.items()},
                {alias: _tensor(outputs, info.name, name)["index"] for alias, info in signature.outputs.items()},
            )
            for name, signature in signatures.items()
        }
        self._shapes: dict[int, tuple[int, ...]] = {}
        """Of the inputs as memory is laid out for; unknown ones are laid out anew."""
        allocate(interpreter)

    def run(self, signature: str, inputs: Tensors, /) -> Tensors:
        """See `Program.run`."""
        call = self._calls[signature]
        fitted = {alias: _fitted(alias, inputs[alias], tensor) for alias, tensor in call.inputs.items()}
        by_index = {tensor["index"]: fitted[alias] for alias, tensor in call.inputs.items()}
        try:
            self._resize({index: value.shape for index, value in by_index.items()})
            for index, value in by_index.items():
                self._interpreter.set_tensor(index, value)
            self._interpreter.invoke()
            return {alias: self._interpreter.get_tensor(index) for alias, index in call.outputs.items()}
        except Exception as error:
            self._shapes = {}
            raise _run_error(signature, fitted, error) from error

    def _resize(self, shapes: dict[int, tuple[int, ...]]) -> None:
        changed = {index: shape for index, shape in shapes.items() if self._shapes.get(index) != shape}
        if changed:
            for index, shape in changed.items():
                self._interpreter.resize_tensor_input(index, shape)
            self._interpreter.allocate_tensors()
            self._shapes.update(changed)


class TableProgram:
    """Runs the signatures of the model's own table."""

    def __init__(self, interpreter: Interpreter) -> None:
        allocate(interpreter)  # no more once there are runners
        names = interpreter.get_signature_list()
        self._runners = {name: interpreter.get_signature_runner(name) for name in names}
        self._inputs = {name: runner.get_input_details() for name, runner in self._runners.items()}

    def run(self, signature: str, inputs: Tensors, /) -> Tensors:
        """See `Program.run`."""
        tensors = self._inputs[signature]
        fitted = {alias: _fitted(alias, inputs[alias], tensor) for alias, tensor in tensors.items()}
        try:
            return self._runners[signature](**fitted)
        except Exception as error:
            raise _run_error(signature, fitted, error) from error


def _tensor(tensors: Mapping[str, TensorDetails], name: str, signature: str) -> TensorDetails:
    found = tensors.get(name) or tensors.get(name.partition(":")[0])
    if found is None:
        known = ", ".join(sorted(tensors)) or "none"
        raise InternalError(f"signature {signature} names the tensor {name}, expected one of: {known}")
    return found


def _fitted(alias: str, value: Array, tensor: TensorDetails) -> Array:
    """Return what is to be put into the tensor: strings of another rank become one dimension."""
    is_text = tensor["dtype"] is np.bytes_
    if (value.dtype.kind != "O") if is_text else (value.dtype != tensor["dtype"]):
        raise InvalidArgumentError(
            f"input {alias} has elements of type {_type_name(value.dtype)}, "
            f"expected {'string' if is_text else np.dtype(tensor['dtype']).name}"
        )
    return value.reshape(-1) if is_text and value.ndim != len(tensor["shape"]) else value


def _type_name(dtype: np.dtype[np.generic]) -> str:
    return "string" if dtype.kind == "O" else dtype.name


def _run_error(signature: str, inputs: Tensors, error: Exception) -> InternalError:
    shapes = ", ".join(f"{alias} {list(value.shape)}" for alias, value in sorted(inputs.items()))
    return InternalError(f"signature {signature} cannot be run with {shapes or 'no inputs'}: {error_text(error)}")
