"""A file of batching parameters: of the server, or of one version (`batching_params.pbtxt` in its directory)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from salver.config.batching_parameters import BatchingParameters
from salver.config.text_file import read_message
from salver.config.validation import check
from salver.wire import Message

BATCHING_PARAMETERS = "tensorflow.serving.BatchingParameters"

_log = logging.getLogger(__name__)

_AT_LEAST = {
    "max_batch_size": 1,
    "batch_timeout_micros": 0,
    "max_enqueued_batches": 1,
    "num_batch_threads": 1,
    "max_execution_batch_size": 1,
}
_WITHOUT_EFFECT = (
    "batch_timeout_micros",
    "max_enqueued_batches",
    "thread_pool_name",
    "allowed_batch_sizes",
    "pad_variable_length_inputs",
    "enable_large_batch_splitting",
)
"""What is checked and kept, but changes nothing: a batch takes what waits when a runner is free, and is not padded."""


def read_batching_parameters(path: str, *, is_for_server: bool = False) -> BatchingParameters:
    """Read and check a file of parameters; a warning names those that change nothing.

    Args:
        path: The file.
        is_for_server: Whether it is that of the whole server, not of a version.

    Raises:
        NotFoundError, FailedPreconditionError: There is no such file, or it cannot be read.
        InvalidArgumentError: It is no such message, or the parameters do not go together; names all problems.
    """
    message = read_message(path, BATCHING_PARAMETERS, what="batching parameters file")
    return parameters_of(message, source=path, is_for_server=is_for_server)


def parameters_of(message: Message, *, source: str, is_for_server: bool = False) -> BatchingParameters:
    """Turn a message into checked parameters.

    Args:
        message: A BatchingParameters message.
        source: Where it comes from, for errors and the warning.
        is_for_server: Whether it holds for the whole server, not for a version or a platform.

    Raises:
        InvalidArgumentError: Names all problems.
    """
    given = {field.name for field, _ in message.ListFields()}
    parameters = BatchingParameters(
        allowed_batch_sizes=tuple(message.allowed_batch_sizes),
        pad_variable_length_inputs=message.pad_variable_length_inputs,
        enable_large_batch_splitting=message.enable_large_batch_splitting.value,
        batch_timeout_s=message.batch_timeout_micros.value * 1e-6,
        **{name: getattr(message, name).value for name in _AT_LEAST if name in given and "micros" not in name},
    )
    check([f"{source}: {problem}" for problem in (*_too_small(message, given), *_contradictions(parameters))])
    _warn_of_vain(given, source, is_for_server=is_for_server)
    return parameters


def _warn_of_vain(given: set[str], source: str, *, is_for_server: bool) -> None:
    vain = [name for name in _WITHOUT_EFFECT if name in given]
    if vain:
        _log.warning(
            "%s: %s without effect: a batch takes what waits when a runner is free, and is not padded or split",
            source,
            ", ".join(vain),
        )
    if "num_batch_threads" in given and not is_for_server:
        _log.warning("%s: num_batch_threads without effect: all models share the runners (--num_runners)", source)


def _too_small(message: Message, given: set[str]) -> Iterator[str]:
    for name, least in _AT_LEAST.items():
        if name in given and getattr(message, name).value < least:
            yield f"{name} must be {least} or more, got {getattr(message, name).value}"


def _contradictions(parameters: BatchingParameters) -> Iterator[str]:
    sizes = parameters.allowed_batch_sizes
    if sizes and sizes[-1] != parameters.max_batch_size:
        yield (
            "Last entry in allowed_batch_sizes must match max_batch_size; "
            f"last entry was {sizes[-1]}; expected {parameters.max_batch_size}"
        )
    if list(sizes) != sorted({*sizes}) or (sizes and sizes[0] < 1):
        yield f"allowed_batch_sizes must be above 0 and ascending, got {', '.join(map(str, sizes))}"
    if parameters.max_execution_batch_size is None:
        return
    if not parameters.enable_large_batch_splitting:
        yield "max_execution_batch_size is set without enable_large_batch_splitting"
    elif parameters.max_execution_batch_size > parameters.max_batch_size:
        yield (
            f"max_execution_batch_size is {parameters.max_execution_batch_size}, "
            f"expected {parameters.max_batch_size} (max_batch_size) at most"
        )
