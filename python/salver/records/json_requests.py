"""Requests as the bodies of REST calls: to records and back.

Beside what the REST API knows, a body stands alone: it names its signature, and from the method of that follows whether
it is a call of predict, classify or regress.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from salver.boundary import TensorInfo
from salver.errors import InvalidArgumentError, UnimplementedError
from salver.nearest import did_you_mean
from salver.records.json_examples import example_from_json, example_to_json
from salver.records.json_values import array_from_json, is_base64, json_from_array, quoted
from salver.records.recorded_request import record_of, request_message
from salver.records.request_form import RequestForm, chosen_form
from salver.records.tensors import tensor_array, tensor_proto

if TYPE_CHECKING:
    from salver.wire import Message

_KEYS = ("signature_name", "instances", "inputs", "examples", "context")
_CONTENT = ("instances", "inputs", "examples")


def bodies_in(content: bytes) -> list[Any]:
    """Return the bodies of a JSON file.

    Raises:
        InvalidArgumentError: It is no JSON, or no list.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"no JSON: {error}") from None
    if not isinstance(document, list):
        raise InvalidArgumentError(f"expected a list of request bodies, got {quoted(document)}")
    return document


def record_from_body(body: Any, forms: Mapping[str, RequestForm]) -> bytes:
    """Return the record of one request.

    Args:
        body: `{"signature_name": ..., "instances" | "inputs" | "examples": ...}`; without a name for serving_default.
        forms: Those of the signatures of the model.

    Raises:
        InvalidArgumentError: It is no such body, or does not fit its signature.
    """
    _check_keys(body)
    form = chosen_form(forms, body.get("signature_name", ""))
    request = _examples(body, form) if "examples" in body else _predict(body, form)
    request.model_spec.signature_name = form.signature.name
    return record_of(form.example_api or "predict" if "examples" in body else "predict", request)


def body_from_record(record: bytes) -> dict[str, Any] | None:
    """Return the body of one request; None for a record without one.

    Raises:
        UnimplementedError: The request has no such form.
        InvalidArgumentError: The record cannot be read, or one of its tensors cannot.
    """
    found = request_message(record)
    if found is None:
        return None
    api, request = found
    if api == "multi_inference":
        raise UnimplementedError("a request for several inferences has no form in JSON")
    name = request.model_spec.signature_name
    body: dict[str, Any] = {"signature_name": name} if name else {}
    if api != "predict":
        return body | _examples_to_json(request.input)
    return body | {"inputs": {name: _tensor_to_json(name, request.inputs[name]) for name in sorted(request.inputs)}}


def json_lines(bodies: Iterable[Any]) -> Iterator[str]:
    """Give the text of a JSON file, with one body a line."""
    separator = "[\n"
    for body in bodies:
        yield f"{separator}{json.dumps(body)}"
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"


def _check_keys(body: Any) -> None:
    if not isinstance(body, dict):
        raise InvalidArgumentError(f"a request must be an object, got {quoted(body)}")
    for key in body:
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS, f"expected {', '.join(_KEYS)}")
            raise InvalidArgumentError(f"a request has no key {key}; {hint}")
    if not isinstance(body.get("signature_name", ""), str):
        raise InvalidArgumentError(f"signature_name must be a string, got {quoted(body['signature_name'])}")
    present = [key for key in _CONTENT if key in body]
    if len(present) != 1:
        raise InvalidArgumentError(
            f"a request has one of {', '.join(_CONTENT)}; this has {' and '.join(present) or 'none'}"
        )
    if "context" in body and "examples" not in body:
        raise InvalidArgumentError("context goes with examples alone")


# --- Predict


def _predict(body: Any, form: RequestForm) -> Message:
    from salver import wire

    if not form.inputs:
        raise InvalidArgumentError(f"signature {form.signature.name} has no inputs")
    values = _columns(body["inputs"], form) if "inputs" in body else _rows(body["instances"], form)
    request = wire.PredictRequest()
    for name, value in values.items():
        info = form.inputs[name]
        request.inputs[name].CopyFrom(tensor_proto(array_from_json(value, info), info.dtype))
    return request


def _columns(value: Any, form: RequestForm) -> dict[str, Any]:
    if not isinstance(value, dict) or (is_base64(value) and "b64" not in form.inputs):
        return {_only_input(form, "inputs").name: value}
    form.check_names(value)
    return value


def _rows(rows: Any, form: RequestForm) -> dict[str, Any]:
    if not isinstance(rows, list) or not rows:
        raise InvalidArgumentError(f"instances must be a list of one or more, got {quoted(rows)}")
    if not isinstance(rows[0], dict) or is_base64(rows[0]):
        return {_only_input(form, "instances").name: rows}
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InvalidArgumentError(f"instance {index} must be an object as the first is, got {quoted(row)}")
        form.check_names(row)
        if row.keys() != rows[0].keys():
            raise InvalidArgumentError(f"instance {index} has other inputs than the first: {', '.join(sorted(row))}")
    return {name: [row[name] for row in rows] for name in rows[0]}


def _only_input(form: RequestForm, key: str) -> TensorInfo:
    if len(form.inputs) > 1:
        names = ", ".join(form.inputs)
        raise InvalidArgumentError(f"{key} must name the inputs of signature {form.signature.name}, which has {names}")
    return next(iter(form.inputs.values()))


def _tensor_to_json(name: str, tensor: Message) -> Any:
    try:
        return json_from_array(tensor_array(tensor))
    except ValueError as error:
        raise InvalidArgumentError(f"input {name}: {error}") from None


# --- Classify and regress


def _examples(body: Any, form: RequestForm) -> Message:
    from salver import wire

    if form.example_api is None:
        method = form.signature.method or "none"
        raise InvalidArgumentError(
            f"signature {form.signature.name} (method {method}) takes no examples: give instances or inputs"
        )
    examples = body["examples"]
    if not isinstance(examples, list) or not examples:
        raise InvalidArgumentError(f"examples must be a list of one or more, got {quoted(examples)}")
    made = [example_from_json(example, f"example {index}") for index, example in enumerate(examples)]
    request = wire.ClassificationRequest() if form.example_api == "classify" else wire.RegressionRequest()
    if "context" in body:
        request.input.example_list_with_context.context.CopyFrom(example_from_json(body["context"], "context"))
        request.input.example_list_with_context.examples.extend(made)
    else:
        request.input.example_list.examples.extend(made)
    return request


def _examples_to_json(given: Message) -> dict[str, Any]:
    kind = given.WhichOneof("kind")
    if kind is None:
        raise InvalidArgumentError("a request without examples has no form in JSON")
    found = getattr(given, kind)
    made: dict[str, Any] = {"examples": [example_to_json(example) for example in found.examples]}
    return made | ({"context": example_to_json(found.context)} if kind == "example_list_with_context" else {})
