"""Status and metadata answers as the REST protocol prints them.

Both are proto3 JSON with proto field names, every field that has no presence printed, 64-bit numbers as strings, enums
by name, one space of indent. Python's printer puts fields that hold their default last and map entries in any order;
here fields stand in the order of their numbers and map entries in the order of their keys, so equal answers are equal
bytes.
"""

from __future__ import annotations

import json
from typing import Any, cast

from google.protobuf import json_format

from salver.errors import InternalError
from salver.wire.pool import Message, message_class, pool

_SIGNATURE_MAP = "tensorflow.serving.SignatureDefMap"


def status_json(response: Message) -> str:
    """A GetModelStatusResponse as the body of a status answer; versions in the order they have."""
    return message_json(response)


def metadata_json(response: Message) -> str:
    """A GetModelMetadataResponse as the body of a metadata answer.

    The packed signature map appears without the type URL of its wrapping, the version as a bare string.

    Raises:
        InternalError: The response does not hold a signature map.
    """
    spec = {
        "name": response.model_spec.name,
        "signature_name": response.model_spec.signature_name,
        "version": str(response.model_spec.version.value),
    }
    signatures = message_json(_signature_map(response))
    return f'{{\n"model_spec":{_dumped(spec)},\n"metadata": {{"signature_def": {signatures}}}\n}}\n'


def message_json(message: Message) -> str:
    """Any wire message in that form, with a newline at the end."""
    printed: dict[str, Any] = json_format.MessageToDict(
        cast("Any", message),
        always_print_fields_with_no_presence=True,
        preserving_proto_field_name=True,
        descriptor_pool=pool(),
    )
    return _dumped(_in_order(message.DESCRIPTOR, printed))


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _signature_map(response: Message) -> Message:
    packed = response.metadata.get("signature_def")  # Indexing would add the missing key.
    if packed is None or packed.type_url.rpartition("/")[2] != _SIGNATURE_MAP:
        raise InternalError(f"the model metadata hold no {_SIGNATURE_MAP}")
    return message_class(_SIGNATURE_MAP).FromString(packed.value)


def _in_order(descriptor: Any, printed: Any) -> Any:
    if not isinstance(printed, dict) or descriptor.full_name.startswith("google.protobuf."):
        return printed  # Well-known types have JSON forms of their own.
    fields = sorted((field for field in descriptor.fields if field.name in printed), key=lambda field: field.number)
    return {field.name: _field_in_order(field, printed[field.name]) for field in fields}


def _field_in_order(field: Any, printed: Any) -> Any:
    kind = field.message_type
    if kind is None:
        return printed
    if kind.GetOptions().map_entry:
        value_kind = kind.fields_by_name["value"].message_type
        entries = sorted(printed.items())
        return {key: value if value_kind is None else _in_order(value_kind, value) for key, value in entries}
    if isinstance(printed, list):
        return [_in_order(kind, item) for item in printed]
    return _in_order(kind, printed)
