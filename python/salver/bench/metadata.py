"""What a model takes, as the server itself says."""

from __future__ import annotations

import json
from typing import Any, cast

from salver.bench.target import Target, ask
from salver.boundary import Signature, TensorInfo
from salver.boundary.load import StartLoad
from salver.errors import FailedPreconditionError, NotFoundError

DEFAULT_SIGNATURE = "serving_default"
_GET_MODEL_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
_SIGNATURES = "signature_def"


def signature_of(start: StartLoad, target: Target) -> Signature:
    """Return the signature that a target is about.

    Raises:
        NotFoundError: The model has no such signature.
        FailedPreconditionError: What answers says nothing of signatures.
        SalverError: What the server refuses with, or that nobody answers.
    """
    found = _over_grpc(start, target) if target.protocol == "grpc" else _over_rest(start, target)
    signatures: dict[str, Any] = dict(found.signature_def)
    name = target.model.signature or DEFAULT_SIGNATURE
    if name not in signatures:
        raise NotFoundError(f"{target.model.name} has no signature {name}; it has {', '.join(sorted(signatures))}")
    return _signature(name, signatures[name])


def _over_grpc(start: StartLoad, target: Target) -> Any:
    from salver import wire

    request = wire.GetModelMetadataRequest()
    target.model.fill(request.model_spec)
    request.metadata_field.append(_SIGNATURES)
    answer = ask(start, target, _GET_MODEL_METADATA, request.SerializeToString())
    try:
        packed = wire.GetModelMetadataResponse.FromString(answer).metadata[_SIGNATURES]
        return wire.SignatureDefMap.FromString(packed.value)
    except Exception:  # noqa: BLE001  # protobuf's own error, or a key that is not there
        raise _no_metadata(target) from None


def _over_rest(start: StartLoad, target: Target) -> Any:
    from google.protobuf import json_format

    from salver import wire

    answer = ask(start, target, f"{target.model.rest_path}/metadata")
    signatures = wire.SignatureDefMap()
    try:
        document = json.loads(answer)["metadata"][_SIGNATURES]
        json_format.ParseDict(
            document, cast("Any", signatures), ignore_unknown_fields=True, descriptor_pool=wire.pool()
        )
    except (ValueError, KeyError, TypeError, json_format.ParseError):
        raise _no_metadata(target) from None
    return signatures


def _no_metadata(target: Target) -> FailedPreconditionError:
    hint = "give requests with --body"
    return FailedPreconditionError(f"what answers at {target.address} says nothing of the model's signatures; {hint}")


def _signature(name: str, definition: Any) -> Signature:
    inputs = [_tensor(key, definition.inputs[key]) for key in sorted(definition.inputs)]
    outputs = [_tensor(key, definition.outputs[key]) for key in sorted(definition.outputs)]
    return Signature(name, definition.method_name, tuple(inputs), tuple(outputs))


def _tensor(name: str, info: Any) -> TensorInfo:
    shape = info.tensor_shape
    return TensorInfo(name, info.dtype, None if shape.unknown_rank else tuple(dim.size for dim in shape.dim))
