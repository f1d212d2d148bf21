"""Interpreters of `ai-edge-litert`: the package is imported when the first model is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from salver.errors import FailedPreconditionError, InternalError, InvalidArgumentError, SalverError

if TYPE_CHECKING:
    import numpy as np

    from salver.servables.servable import Tensors

    Array = np.ndarray[Any, Any]
    TensorDetails = Mapping[str, Any]
    """Of one tensor: `name`, `index`, `shape`, `shape_signature`, `dtype`."""


class SignatureRunner(Protocol):
    """One entry of the model's own table of signatures, on one interpreter."""

    def __call__(self, **inputs: Array) -> Tensors:
        """Resize the inputs, run, and return copies of the outputs."""

    def get_input_details(self) -> Mapping[str, TensorDetails]:
        """Return the tensor of each input."""

    def get_output_details(self) -> Mapping[str, TensorDetails]:
        """Return the tensor of each output."""


class Interpreter(Protocol):
    """What is used of `ai_edge_litert.interpreter.Interpreter`. For one thread at a time."""

    def allocate_tensors(self) -> None:
        """Lay out memory for the present input shapes."""

    def get_input_details(self) -> Sequence[TensorDetails]:
        """Return the inputs of the main graph."""

    def get_output_details(self) -> Sequence[TensorDetails]:
        """Return the outputs of the main graph."""

    def get_signature_list(self) -> Mapping[str, Any]:
        """Return the model's own table of signatures, by name."""

    def get_signature_runner(self, signature_key: str, /) -> SignatureRunner:
        """Return one of them; from then on the interpreter can be used by its signatures alone."""

    def get_tensor(self, tensor_index: int, /) -> Array:
        """Return a copy of a tensor."""

    def invoke(self) -> None:
        """Run the main graph, without the interpreter lock of Python."""

    def resize_tensor_input(self, input_index: int, tensor_size: Sequence[int], /) -> None:
        """Give an input another shape."""

    def set_tensor(self, tensor_index: int, value: Array, /) -> None:
        """Copy an array into a tensor of its type and shape."""


def new_interpreter(content: bytes) -> Interpreter:
    """Make an interpreter with one thread; `content` is kept, not copied.

    Raises:
        FailedPreconditionError: `ai-edge-litert` is not installed.
        InvalidArgumentError: No TFLite flatbuffer.
        InternalError: It cannot be built.
    """
    interpreter_class = _interpreter_class()
    try:
        made: Interpreter = interpreter_class(model_content=content, num_threads=1)
    except Exception as error:
        raise _build_error(content, error) from error
    return made


def allocate(interpreter: Interpreter) -> None:
    """Lay out memory for the main graph as the model has it.

    Raises:
        InternalError: The interpreter does not know an operation of the model, or cannot run it.
    """
    try:
        interpreter.allocate_tensors()
    except Exception as error:
        raise InternalError(f"the interpreter cannot run the model: {error_text(error)}") from error


def error_text(error: Exception) -> str:
    """Return what the interpreter says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _interpreter_class() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter as interpreter_class  # noqa: N813  # a value here
    except ImportError as error:
        raise FailedPreconditionError(
            "TFLite models need the package ai-edge-litert. Install it with: pip install 'salver[tflite]'"
        ) from error
    return interpreter_class


def _build_error(content: bytes, error: Exception) -> SalverError:
    from ai_edge_litert import schema_py_generated as schema

    # The interpreter checks the whole buffer, and says in words alone what was wrong.
    is_flatbuffer = len(content) >= 8 and schema.Model.ModelBufferHasIdentifier(content, 0)
    if not is_flatbuffer or "flatbuffer" in str(error).lower():
        return InvalidArgumentError("model.tflite is damaged, or no TFLite model")
    return InternalError(f"the interpreter refuses the model: {error_text(error)}")
