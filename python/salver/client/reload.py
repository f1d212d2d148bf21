"""Replacing the list of models that a server serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from salver.client.operation import Operation
from salver.client.wire_messages import parsed
from salver.client.wire_writer import span
from salver.errors import error_from_code


class Serializable(Protocol):
    """A protobuf message of any package."""

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """Return its bytes."""
        ...


def reload_config(config: str | Serializable, metric_names: Sequence[str] = ()) -> Operation[dict[str, int]]:
    """Build a HandleReloadConfigRequest call; REST has none.

    It is not repeated by itself: between an attempt whose answer was lost and the next one, somebody else may have
    changed the list, and would be overruled unseen.

    Args:
        config: The whole new list, as the text of a model config file or a ModelServerConfig message.
        metric_names: Counters whose growth is to be answered.

    Raises:
        InvalidArgumentError: `config` is text, and not of that form.
    """
    data = _bytes(config)
    names = [span(2, name.encode()) for name in metric_names]
    return Operation(
        "HandleReloadConfigRequest",
        "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
        lambda: [span(1, data), *names],
        _metrics,
        is_repeatable=False,
    )


def _bytes(config: str | Serializable) -> bytes:
    if not isinstance(config, str):
        return config.SerializeToString()
    from salver import wire

    return wire.parse_text(config, "tensorflow.serving.ModelServerConfig", source="the config").SerializeToString()


def _metrics(message: bytes) -> dict[str, int]:
    answer = parsed("ReloadConfigResponse", message)
    if answer.status.error_code:
        raise error_from_code(answer.status.error_code, answer.status.error_message)
    return {one.name: one.int64_value_increase for one in answer.metric}
