"""PredictRequest and PredictResponse by hand: what these cost is what a client costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from salver.client.answers import Array, Prediction
from salver.client.model_spec import ModelSpec
from salver.client.tensor_reader import read_tensor
from salver.client.tensor_writer import tensor_pieces
from salver.client.wire_reader import fields, signed, spans
from salver.client.wire_writer import Piece, span, span_header, total


def predict_request(spec: ModelSpec, inputs: Mapping[str, Array], output_filter: Sequence[str] = ()) -> list[Piece]:
    """Return a PredictRequest in pieces, which borrow the memory of the inputs."""
    pieces: list[Piece] = [span(1, spec.message())]
    for name, array in inputs.items():
        tensor = tensor_pieces(array)
        key = span(1, name.encode())
        value = span_header(2, total(tensor))
        entry = len(key) + len(value) + total(tensor)
        pieces += (span_header(2, entry) + key + value, *tensor)
    pieces += [span(3, name.encode()) for name in output_filter]
    return pieces


def read_predict_response(message: bytes) -> Prediction:
    """Read a PredictResponse.

    Raises:
        MalformedError: It is none.
        UnimplementedError: A tensor has elements that no array can hold.
    """
    outputs: dict[str, Array] = {}
    spec = memoryview(b"")
    for number, value in spans(memoryview(message), 1, 2):
        if number == 1:
            name, tensor = _entry(value)
            outputs[name] = read_tensor(tensor)
        else:
            spec = value
    return _with_spec(outputs, spec)


def _entry(message: memoryview) -> tuple[str, memoryview]:
    parts = dict(spans(message, 1, 2))
    empty = memoryview(b"")
    return str(parts.get(1, empty), "utf-8"), parts.get(2, empty)


def _with_spec(outputs: dict[str, Array], spec: memoryview) -> Prediction:
    model = signature = ""
    version: int | None = None
    for number, value in spans(spec, 1, 2, 3):
        if number == 1:
            model = str(value, "utf-8")
        elif number == 3:
            signature = str(value, "utf-8")
        else:
            version = next((signed(found) for at, _, found in fields(value) if at == 1 and isinstance(found, int)), 0)
    return Prediction(outputs, model, version, signature)
