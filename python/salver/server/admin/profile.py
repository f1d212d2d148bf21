"""Profiles on the admin port: a request in JSON, a `salver.profile.Profile` field for field in the answer."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, fields
from typing import Any

from salver.errors import InvalidArgumentError
from salver.nearest import did_you_mean
from salver.profile import ProfileRequest
from salver.server.admin.model_name import model_of
from salver.server.admin.router import AdminRequest
from salver.server.http_response import HttpResponse, json_response
from salver.server.profiling.profiler import Profiler

_KINDS: Mapping[str, tuple[type, ...]] = {
    "version": (int,),
    "signature": (str,),
    "max_batch_size": (int,),
    "length": (int,),
    "limit_s": (int, float),
}
_WORDS = {int: "a whole number", str: "a string", float: "a number"}


class Profiles:
    """Answers requests for a profile of one model."""

    def __init__(self, profiler: Profiler, names: Callable[[], Collection[str]]) -> None:
        """Make a handler; `names` are those of the configured models."""
        self._profiler = profiler
        self._names = names

    def __call__(self, request: AdminRequest) -> HttpResponse:
        """Measure and answer; takes as long as the request allows.

        Raises:
            SalverError: The request is wrong, the model is not there, or it fails.
        """
        call = request.call
        wanted = read_request(bytes(call.body))
        profile = self._profiler.profile(model_of(request, self._names()), wanted, lambda: not call.is_cancelled)
        return json_response(json.dumps(asdict(profile)))


def read_request(body: bytes) -> ProfileRequest:
    """Read the JSON of a request; an empty body asks for what is usual.

    Raises:
        InvalidArgumentError: It is no such request.
    """
    document = _document(body)
    known = {field.name for field in fields(ProfileRequest)}
    for name in document:
        if name not in known:
            hint = did_you_mean(name, sorted(known), f"expected {', '.join(sorted(known))}")
            raise InvalidArgumentError(f"a profile has no field {name}; {hint}")
    given = {name: _checked(name, value) for name, value in document.items() if name != "inputs" and value is not None}
    return ProfileRequest(**given, inputs=_inputs(document.get("inputs") or {}))


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise InvalidArgumentError(f"the body is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidArgumentError(f"the body must be a JSON object, got {type(document).__name__}")
    return document


def _checked(name: str, value: object) -> Any:
    kinds = _KINDS[name]
    if isinstance(value, kinds) and not isinstance(value, bool):
        return value
    raise InvalidArgumentError(f"{name} must be {_WORDS[kinds[-1]]}, got {json.dumps(value)}")


def _inputs(given: object) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidArgumentError(f"inputs must be a JSON object, got {json.dumps(given)}")
    return {name: _array(name, text) for name, text in given.items()}


def _array(name: str, text: object) -> Any:
    """An array from the base64 of a file as `numpy.save` writes it."""
    import numpy as np

    try:
        return np.load(io.BytesIO(base64.b64decode(str(text), validate=True)), allow_pickle=False)
    except Exception:  # noqa: BLE001  # whatever zipfile and numpy's reader of headers say of damage
        raise InvalidArgumentError(
            f"input {name} must be the base64 of a file as numpy.save writes it, of numbers or fixed-length strings"
        ) from None
