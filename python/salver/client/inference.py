"""Classify, Regress and MultiInference: models that take Examples."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from salver.client.answers import Classification, Label, Regression
from salver.client.examples import Example, example_message, features
from salver.client.model_spec import ModelSpec
from salver.client.operation import Operation, RestForm
from salver.client.wire_messages import parsed
from salver.client.wire_writer import span
from salver.errors import InvalidArgumentError

Answer = TypeVar("Answer")
_SERVICE = "/tensorflow.serving.PredictionService"


@dataclass(frozen=True)
class InferenceTask:
    """One question of a MultiInference call."""

    method: Literal["classify", "regress"]
    signature: str = ""


def classify(spec: ModelSpec, examples: Sequence[Example], context: Example | None = None) -> Operation[Classification]:
    """Build a Classify call."""
    return _operation("Classify", spec, Examples(examples, context), _classified, _classified_document)


def regress(spec: ModelSpec, examples: Sequence[Example], context: Example | None = None) -> Operation[Regression]:
    """Build a Regress call."""
    return _operation("Regress", spec, Examples(examples, context), _regressed, _regressed_document)


def multi_inference(
    spec: ModelSpec, tasks: Sequence[InferenceTask], examples: Sequence[Example], context: Example | None = None
) -> Operation[list[Classification | Regression]]:
    """Build a MultiInference call, one answer for each task; REST has none."""
    given = Examples(examples, context)
    asked = [span(1, _task_message(spec, task)) for task in tasks]
    return Operation(
        "MultiInference", f"{_SERVICE}/MultiInference", lambda: [*asked, span(2, given.message())], _inferred
    )


def _task_message(spec: ModelSpec, task: InferenceTask) -> bytes:
    if task.method not in {"classify", "regress"}:
        raise InvalidArgumentError(f"a task's method is classify or regress, got {task.method!r}")
    of_task = ModelSpec(spec.name, spec.version, spec.label, task.signature or spec.signature)
    return span(1, of_task.message()) + span(2, f"tensorflow/serving/{task.method}".encode())


class Examples:
    """The examples of a call and their context, whose features each example has as well."""

    def __init__(self, examples: Sequence[Example], context: Example | None) -> None:
        if isinstance(examples, Mapping):
            raise InvalidArgumentError("examples: expected a list of examples, got one alone")
        self._examples = [features(example, f"examples[{at}]") for at, example in enumerate(examples)]
        self._context = None if context is None else features(context, "context")

    def message(self) -> bytes:
        """The Input of the wire."""
        listed = b"".join(span(1, example_message(example)) for example in self._examples)
        if self._context is None:
            return span(1, listed)
        return span(2, listed + span(2, example_message(self._context)))

    def body(self, signature: str) -> bytes:
        """The body of a REST request."""
        document: dict[str, Any] = {"signature_name": signature, "examples": list(map(_json_features, self._examples))}
        if self._context is not None:
            document["context"] = _json_features(self._context)
        return json.dumps(document, separators=(",", ":")).encode()


def _json_features(example: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: [_json_item(item) for item in items] for name, items in example.items()}


def _json_item(item: Any) -> Any:
    return {"b64": base64.b64encode(item).decode()} if isinstance(item, bytes) else item


def _operation(
    name: str,
    spec: ModelSpec,
    examples: Examples,
    decode: Callable[[bytes], Answer],
    decode_document: Callable[[Any, str], Answer],
) -> Operation[Answer]:
    def rest() -> RestForm[Answer]:
        return RestForm(
            "POST",
            f"{spec.path()}:{name.lower()}",
            lambda document, _: decode_document(document["results"], spec.name),
            lambda: examples.body(spec.signature),
        )

    return Operation(
        name,
        f"{_SERVICE}/{name}",
        lambda: [span(1, spec.message()), span(2, examples.message())],
        decode,
        rest,
    )


# --- answers ---------------------------------------------------------------------------------------------------------


def _classified(message: bytes) -> Classification:
    answer = parsed("ClassificationResponse", message)
    return _classification(answer.result, answer.model_spec)


def _regressed(message: bytes) -> Regression:
    answer = parsed("RegressionResponse", message)
    return _regression(answer.result, answer.model_spec)


def _inferred(message: bytes) -> list[Classification | Regression]:
    return [
        _classification(result.classification_result, result.model_spec)
        if result.WhichOneof("result") == "classification_result"
        else _regression(result.regression_result, result.model_spec)
        for result in parsed("MultiInferenceResponse", message).results
    ]


def _classification(result: Any, spec: Any) -> Classification:
    labels = [[Label(one.label, one.score) for one in each.classes] for each in result.classifications]
    return Classification(labels, spec.name, _version(spec))


def _regression(result: Any, spec: Any) -> Regression:
    values = np.array([one.value for one in result.regressions], np.float32)
    return Regression(values, spec.name, _version(spec))


def _version(spec: Any) -> int | None:
    return int(spec.version.value) if spec.HasField("version") else None


def _classified_document(results: Any, model: str) -> Classification:
    labels = [[Label(str(name), float(score)) for name, score in each] for each in results]
    return Classification(labels, model)


def _regressed_document(results: Any, model: str) -> Regression:
    return Regression(np.array(results, np.float32).reshape(len(results)), model)
