"""How one call is to be made: until when, and with which headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from salver.client.call_options import CallOptions, ModelOptions, checked_headers
from salver.client.client_options import ClientSettings
from salver.client.deadline import Deadline
from salver.client.model_spec import ModelSpec


@dataclass(frozen=True)
class Call:
    """What transports are told beside the operation."""

    deadline: Deadline
    headers: Mapping[str, str] = field(default_factory=dict)


def call_of(settings: ClientSettings, options: CallOptions, *, default_timeout_s: float | None) -> Call:
    """Return what `options` say, on top of the client's settings.

    Raises:
        InvalidArgumentError: An option that cannot be.
        TypeError: One that there is not.
    """
    unknown = set(options) - _KNOWN
    if unknown:
        raise TypeError(f"unexpected argument {min(unknown)!r}; a call takes {', '.join(sorted(_KNOWN))}")
    criticality = options.get("criticality", settings.criticality)
    headers = checked_headers({**settings.headers, **options.get("headers", {})}, criticality)
    return Call(Deadline.after(options.get("timeout_s", default_timeout_s)), headers)


def spec_of(model: str, options: ModelOptions) -> ModelSpec:
    """Return the model that a call is for."""
    return ModelSpec(model, options.get("version"), options.get("label"), options.get("signature", ""))


_KNOWN = frozenset(ModelOptions.__annotations__) | frozenset(CallOptions.__annotations__)
