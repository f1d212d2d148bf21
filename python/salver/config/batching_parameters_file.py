"""Batching parameters as they are written: by the server's operator, for a platform, or beside a version.

A file is of the static mode where it sets one of TensorFlow Serving's own fields of a queue, and of the adaptive mode
where it does not, or where it says so. In the server's file, `model { name parameters }` says what differs for one
model. It is laid over the server's values field by field; what belongs to one mode alone is left out where the model
asks for the other in so many words.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from salver.config.batching_checks import (
    STATIC_ONLY,
    given_fields,
    problems_of_parameters,
    says_adaptive,
    vain_parameters,
)
from salver.config.batching_parameters import BatchingParameters
from salver.config.batching_policy import policy_of
from salver.config.text_file import read_text
from salver.config.validation import check
from salver.errors import InvalidArgumentError

if TYPE_CHECKING:
    from salver.wire import Message

BATCHING_PARAMETERS = "salver.BatchingParameters"
_WHAT = "batching parameters file"
_NO_NAME = {"thread_pool_name": "the runners have names of their own"}
_OF_THE_SERVER = {"num_batch_threads": "all models share the runners (--num_runners)"}


class Scope(enum.Enum):
    """What parameters are written for."""

    SERVER = enum.auto()
    """Every model, and single ones by name."""
    RUNNERS = enum.auto()
    """The server's threads alone, because each version brings its own."""
    PLATFORM = enum.auto()
    """The models of one platform."""
    VERSION = enum.auto()
    """One version."""


def server_scope(*, are_per_version: bool) -> Scope:
    """Return the scope of the server's file; `are_per_version`: whether each version brings its own."""
    return Scope.RUNNERS if are_per_version else Scope.SERVER


def read_batching_text(path: str) -> str:
    """Read the text of a file of parameters.

    Raises:
        NotFoundError, FailedPreconditionError: There is no such file, or it cannot be read.
        InvalidArgumentError: It is no text.
    """
    return read_text(path, BATCHING_PARAMETERS, what=_WHAT)


def read_batching_parameters(path: str, scope: Scope = Scope.VERSION) -> BatchingParameters:
    """Read and check a file of parameters.

    Raises:
        NotFoundError, FailedPreconditionError: There is no such file, or it cannot be read.
        InvalidArgumentError: It is no such message, or the parameters do not go together; names all problems.
    """
    return parse_batching_parameters(read_batching_text(path), path, scope)


def parse_batching_parameters(text: str, source: str, scope: Scope = Scope.VERSION) -> BatchingParameters:
    """Turn the text of such a file, called `source` in errors, into checked parameters.

    Raises:
        InvalidArgumentError: It is no such message, or the parameters do not go together; names all problems.
    """
    from salver.wire import parse_text  # here, because reading a text alone needs no protobuf

    try:
        message = parse_text(text, BATCHING_PARAMETERS, source=source)
    except InvalidArgumentError as error:
        if scope is not Scope.VERSION:
            raise
        raise InvalidArgumentError(f"Invalid protobuf file: {error.message}") from error
    return parameters_of(message, source, scope)


def parameters_of(message: Message, source: str, scope: Scope) -> BatchingParameters:
    """Turn a message into checked parameters.

    Args:
        message: A `salver.BatchingParameters`, or TensorFlow Serving's, which has the same fields by number.
        source: Where it comes from, for errors and warnings.
        scope: What it is written for.

    Raises:
        InvalidArgumentError: Names all problems.
    """
    from salver.wire import message_class

    own = message_class(BATCHING_PARAMETERS).FromString(message.SerializeToString())
    server = _without_models(own)
    laid = {model.name: _laid_over(server, model.parameters) for model in own.model}
    problems = [*problems_of_parameters(server), *_problems_of_models(own, scope, laid)]
    check([f"{source}: {problem}" for problem in problems])
    models = own.model if scope is Scope.SERVER else ()
    warnings = [*_vain(own, scope), *(line for model in models for line in _vain_of_model(model, laid))]
    return BatchingParameters(
        policy=policy_of(server),
        model_policies={name: policy_of(merged) for name, merged in laid.items()},
        num_batch_threads=server.num_batch_threads.value or None,
        warnings=tuple(f"{source}: {warning}" for warning in warnings),
    )


# --- Single models


def _without_models(message: Message) -> Message:
    server = type(message)()
    server.CopyFrom(message)
    server.ClearField("model")
    return server


def _laid_over(server: Message, own: Message) -> Message:
    """The server's parameters, with those of one model in place of theirs."""
    merged = _without_models(server)
    for name in (*given_fields(own), *_of_the_other_mode(own)):
        merged.ClearField(name)
    merged.MergeFrom(own)
    return merged


def _of_the_other_mode(own: Message) -> Iterable[str]:
    """Fields of the server that mean nothing to a model which asks for a mode itself."""
    if says_adaptive(own):
        return ("adaptive", *STATIC_ONLY)
    return ("latency_slo_ms",) if "adaptive" in given_fields(own) else ()


def _problems_of_models(message: Message, scope: Scope, laid: dict[str, Message]) -> Iterator[str]:
    if message.model and scope in {Scope.PLATFORM, Scope.VERSION}:
        yield "model { } is for the file of --batching_parameters_file alone"
        return
    for name, count in Counter(model.name for model in message.model).items():
        if not name:
            yield "a model has no name"
        if count > 1:
            yield f"model {name} is listed {count} times: names must be unique"
    of_all = problems_of_parameters(_without_models(message))
    for model in message.model:
        if model.parameters.model:
            yield f"model {model.name}: parameters cannot name models themselves"
        for problem in problems_of_parameters(laid[model.name]):
            if problem not in of_all:
                yield f"model {model.name}: {problem}"


# --- What is said in vain


def _vain(message: Message, scope: Scope) -> Iterator[str]:
    if scope is Scope.RUNNERS:
        of_versions = given_fields(message) - {*_OF_THE_SERVER, *_NO_NAME}
        reasons = dict.fromkeys(sorted(of_versions), "versions bring their own (batching_params.pbtxt)")
    else:
        reasons = dict(vain_parameters(message))
    elsewhere = _OF_THE_SERVER if scope in {Scope.PLATFORM, Scope.VERSION} else {}
    return _grouped(_those_given(message, {**reasons, **elsewhere, **_NO_NAME}))


def _vain_of_model(model: Message, laid: dict[str, Message]) -> Iterator[str]:
    reasons = {**dict(vain_parameters(laid[model.name])), **_OF_THE_SERVER, **_NO_NAME}
    return (f"model {model.name}: {line}" for line in _grouped(_those_given(model.parameters, reasons)))


def _those_given(message: Message, reasons: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    given = given_fields(message)
    return ((name, why) for name, why in reasons.items() if name in given)


def _grouped(reasons: Iterable[tuple[str, str]]) -> Iterator[str]:
    """One line for each reason, with the names it holds for."""
    names: dict[str, list[str]] = {}
    for name, why in reasons:
        names.setdefault(why, []).append(name)
    return (f"{', '.join(those)} without effect: {why}" for why, those in names.items())
