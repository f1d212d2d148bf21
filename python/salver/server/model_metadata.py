"""What a model takes and gives, over gRPC and REST."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from salver.boundary import Signature, TensorInfo
from salver.errors import InvalidArgumentError
from salver.servables.servable import is_servable
from salver.server.http_response import HttpResponse, json_response
from salver.server.requests import parsed
from salver.server.rest_routes import ModelRef
from salver.server.serving_table import signatures_of

if TYPE_CHECKING:
    from salver.wire.pool import Message

GET_MODEL_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"

SIGNATURE_DEF = "signature_def"
"""The one kind of metadata there is."""

Resolver: TypeAlias = Callable[[str, int | None, str | None], tuple[int, object]]
"""`DataPlaneServingTable.resolve`: name, version, label -> version and servable; raises a SalverError."""


class ModelMetadata:
    """Answers metadata requests for the versions that serve."""

    def __init__(self, resolve: Resolver) -> None:
        self._resolve = resolve

    def grpc(self, body: bytes) -> bytes:
        """Answer GetModelMetadata.

        Raises:
            InvalidArgumentError: No model spec or name, no metadata field or an unknown one, or no such label.
            NotFoundError: No such version serves.
        """
        request = parsed("GetModelMetadataRequest", body)
        if not request.HasField("model_spec"):
            raise InvalidArgumentError("Missing ModelSpec")
        _check_fields(request.metadata_field)
        return self._response(_model_ref(request.model_spec)).SerializeToString()

    def rest(self, model: ModelRef) -> HttpResponse:
        """Answer a metadata URL; raises as `grpc` does."""
        from salver import wire

        return json_response(wire.metadata_json(self._response(model)))

    def _response(self, model: ModelRef) -> Message:
        from salver import wire

        version, servable = self._resolve(model.name, model.version, model.label)
        response = wire.GetModelMetadataResponse()
        response.model_spec.name = model.name
        response.model_spec.version.value = version
        packed = response.metadata[SIGNATURE_DEF]
        packed.type_url = "type.googleapis.com/tensorflow.serving.SignatureDefMap"
        packed.value = signature_def_map(servable)
        return response


def _check_fields(fields: Iterable[str]) -> None:
    names = list(fields)
    if not names:
        raise InvalidArgumentError("GetModelMetadataRequest must specify at least one metadata_field")
    for name in names:
        if name != SIGNATURE_DEF:
            raise InvalidArgumentError(f"Metadata field {name} is not supported; expected {SIGNATURE_DEF}")


def _model_ref(spec: Message) -> ModelRef:
    if not spec.name:
        raise InvalidArgumentError("ModelSpec has no name specified.")
    choice = spec.WhichOneof("version_choice")
    return ModelRef(
        spec.name,
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


def signature_def_map(servable: object) -> bytes:
    """Return the serialized SignatureDefMap of a servable: its own, or one made of its signatures.

    Raises:
        InvalidArgumentError: It has no signatures.
    """
    made = getattr(servable, "signature_def_map", None)
    if isinstance(made, bytes):
        return made
    if not is_servable(servable):
        raise InvalidArgumentError(f"A servable of type {type(servable).__name__} has no signatures")
    return _packed(signatures_of(servable))


def _packed(signatures: Iterable[Signature]) -> bytes:
    from salver import wire

    packed = wire.SignatureDefMap()
    for signature in signatures:
        entry = packed.signature_def[signature.name]
        entry.method_name = signature.method
        for info in signature.inputs:
            _fill(entry.inputs[info.name], info)
        for info in signature.outputs:
            _fill(entry.outputs[info.name], info)
    return packed.SerializeToString(deterministic=True)


def _fill(target: Message, info: TensorInfo) -> None:
    target.name = info.name
    target.dtype = info.dtype
    target.tensor_shape.unknown_rank = info.shape is None
    for size in info.shape or ():
        target.tensor_shape.dim.add().size = size
