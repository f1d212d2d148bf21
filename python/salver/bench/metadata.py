"""What a model takes, as the server itself says."""

from __future__ import annotations

import json
from typing import Any, cast

from salver.bench.target import Target, ask
from salver.boundary.load import StartLoad
from salver.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from salver.records.request_form import RequestForm, chosen_form, forms_of

_GET_MODEL_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
_SIGNATURES = "signature_def"


def forms_of_target(start: StartLoad, target: Target) -> dict[str, RequestForm]:
    """Return what requests to each signature of the model look like.

    Raises:
        FailedPreconditionError: What answers says nothing of signatures.
        SalverError: What the server refuses with, or that nobody answers.
    """
    found = _over_grpc(start, target) if target.protocol == "grpc" else _over_rest(start, target)
    return forms_of(dict(found.signature_def))


def form_of(start: StartLoad, target: Target) -> RequestForm:
    """Return the form for the signature that is to be measured; raises as `forms_of_target` does.

    Raises:
        NotFoundError: The model has no such signature.
    """
    forms = forms_of_target(start, target)
    try:
        return chosen_form(forms, target.model.signature)
    except InvalidArgumentError as error:
        raise NotFoundError(f"{target.model.name}: {error.message}") from None


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
