"""Predict, in one answer or in parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from salver.client.answers import Array, Prediction
from salver.client.json_tensors import array_of, columns_body
from salver.client.model_spec import ModelSpec
from salver.client.operation import Operation, RestForm
from salver.client.predict_message import predict_request, read_predict_response
from salver.client.signatures import DEFAULT_SIGNATURE, ModelMetadata, Signature
from salver.client.tensor_writer import as_array
from salver.errors import InvalidArgumentError

_SERVICE = "/tensorflow.serving.PredictionService"


def predict(spec: ModelSpec, inputs: Mapping[str, Any], output_filter: Sequence[str] = ()) -> Operation[Prediction]:
    """Build a Predict call.

    Raises:
        InvalidArgumentError: `inputs` is no mapping of arrays.
    """
    arrays = _arrays(inputs)
    names = _names(output_filter)

    def rest() -> RestForm[Prediction]:
        return RestForm(
            "POST",
            f"{spec.path()}:predict",
            lambda document, metadata: _of_document(document, metadata, spec, names),
            lambda: columns_body(spec.signature, arrays),
            model=spec,
        )

    return Operation(
        "Predict", f"{_SERVICE}/Predict", lambda: predict_request(spec, arrays, names), read_predict_response, rest
    )


def predict_streamed(
    spec: ModelSpec, inputs: Mapping[str, Any], output_filter: Sequence[str] = ()
) -> Operation[Prediction]:
    """Build a PredictStreamed call, whose answer is any number of predictions; REST has none."""
    arrays = _arrays(inputs)
    names = _names(output_filter)
    return Operation(
        "PredictStreamed",
        f"{_SERVICE}/PredictStreamed",
        lambda: predict_request(spec, arrays, names),
        read_predict_response,
    )


def _arrays(inputs: Mapping[str, Any]) -> dict[str, Array]:
    if not isinstance(inputs, Mapping):
        raise InvalidArgumentError(f"inputs: expected a mapping of names to arrays, got {type(inputs).__name__}")
    return {name: as_array(name, value) for name, value in inputs.items()}


def _names(output_filter: Iterable[str]) -> tuple[str, ...]:
    if isinstance(output_filter, str):
        raise InvalidArgumentError(f"output_filter: expected a list of names, got the text {output_filter!r}")
    return tuple(output_filter)


def _of_document(
    document: Any, metadata: ModelMetadata | None, spec: ModelSpec, output_filter: Sequence[str]
) -> Prediction:
    assert metadata is not None
    name = spec.signature or DEFAULT_SIGNATURE
    signature = metadata.signatures[name]
    outputs = _outputs(document["outputs"], signature)
    return Prediction(_filtered(outputs, output_filter), metadata.model, None, name)


def _outputs(value: Any, signature: Signature) -> dict[str, Array]:
    """A single output comes without its name."""
    named = {next(iter(signature.outputs)): value} if len(signature.outputs) == 1 else value
    if set(named) != set(signature.outputs):
        raise ValueError(f"outputs {', '.join(named)}, expected {', '.join(signature.outputs)}")
    return {name: array_of(found, signature.outputs[name]) for name, found in named.items()}


def _filtered(outputs: dict[str, Array], names: Sequence[str]) -> dict[str, Array]:
    """REST has no filter: what was not asked for is dropped here."""
    unknown = [name for name in names if name not in outputs]
    if unknown:
        raise InvalidArgumentError(f"output_filter: no output {unknown[0]!r}; there are {', '.join(sorted(outputs))}")
    return {name: outputs[name] for name in names or outputs}
