"""A loaded TFLite model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from salver import wire
from salver.servables.servable import SignatureSpec, TensorSpec
from salver.servables.tflite.interpreter import Interpreter, new_interpreter
from salver.servables.tflite.interpreter_pool import InterpreterPool
from salver.servables.tflite.options import TfLiteOptions
from salver.servables.tflite.programs import MainGraphProgram, Program, TableProgram
from salver.servables.tflite.signature_defs import made_up_signature, signatures_in_metadata, signatures_in_table
from salver.servables.time_limit import time_left_s

if TYPE_CHECKING:
    from salver.servables.servable import Tensors
    from salver.wire.pool import Message


class TfLiteServable:
    """Answers requests with a pool of interpreters of one model. Thread-safe.

    One interpreter is made at once, which shows whether the model can be run; the others when requests need them.
    """

    def __init__(self, content: bytes, options: TfLiteOptions) -> None:
        """Build the model.

        Raises:
            FailedPreconditionError: `ai-edge-litert` is not installed.
            InvalidArgumentError: No TFLite model, or its metadata is damaged.
            AlreadyExistsError: Two inputs, or two outputs, have the same name.
            InternalError: An operation or a type that the interpreter does not know.
        """
        signatures, program = _signatures_of(content)
        self.signatures = {name: _spec(signature) for name, signature in signatures.items()}
        """See `salver.servables.servable.Servable`."""
        self.signature_def_map = _packed(signatures)
        """The serialized SignatureDefMap of the model."""
        self.max_batch_rows = options.max_batch_rows
        """See `salver.servables.servable.max_batch_rows_of`."""
        self._pool: InterpreterPool[Program] = InterpreterPool(
            lambda: program(new_interpreter(content)), options.max_interpreters
        )
        with self._pool.borrow(None):
            pass

    def run(self, signature: str, inputs: Tensors, /) -> Tensors:
        """Run one batch; waits, up to its deadline, for an interpreter that is free."""
        with self._pool.borrow(time_left_s()) as program:
            return program.run(signature, inputs)


def _signatures_of(content: bytes) -> tuple[Mapping[str, Message], Callable[[Interpreter], Program]]:
    """Return the signatures of a model, and what makes an interpreter run them."""
    interpreter = new_interpreter(content)
    named = signatures_in_metadata(content)
    if not named:
        table = signatures_in_table(interpreter)
        if table:
            return table, TableProgram
    signatures = named or made_up_signature(interpreter)
    return signatures, lambda interpreter: MainGraphProgram(interpreter, signatures)


def _spec(signature: Message) -> SignatureSpec:
    return SignatureSpec(_tensor_specs(signature.inputs), _tensor_specs(signature.outputs), signature.method_name)


def _tensor_specs(infos: Mapping[str, Message]) -> dict[str, TensorSpec]:
    return {alias: TensorSpec(info.dtype, _shape(info.tensor_shape)) for alias, info in infos.items()}


def _shape(shape: Message) -> list[int | None] | None:
    return None if shape.unknown_rank else [None if dim.size < 0 else dim.size for dim in shape.dim]


def _packed(signatures: Mapping[str, Message]) -> bytes:
    packed = wire.SignatureDefMap()
    for name, signature in signatures.items():
        packed.signature_def[name].CopyFrom(signature)
    return packed.SerializeToString(deterministic=True)
