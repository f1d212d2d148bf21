"""Profiles as they cross the admin port."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from salver.boundary import CurvePoint
from salver.ctl.batching_reports import made, read_policy
from salver.ctl.client import AdminClient
from salver.errors import FailedPreconditionError, InvalidArgumentError
from salver.profile import Profile

_LAST_RUN_S = 60.0
"""Time for runs that are under way when the limit is reached, and for the first request to a slow model."""


def ask_for_profile(client: AdminClient, model: str, wanted: Mapping[str, Any]) -> Profile:
    """Have a server profile a model.

    Args:
        client: Whom to ask.
        model: Its name.
        wanted: Fields of `salver.profile.ProfileRequest`; inputs as `encoded_input` gives them.

    Raises:
        SalverError: The server cannot be asked, or refuses.
    """
    path = f"/v1/batching/{quote(model, safe='')}:profile"
    return read_profile(client.post(path, dict(wanted), timeout_s=wanted["limit_s"] + _LAST_RUN_S))


def read_profile(document: Any) -> Profile:
    """Return the profile of an answer; what a newer server says beside is passed over.

    Raises:
        FailedPreconditionError: The document is no profile.
    """
    try:
        points = tuple(made(CurvePoint, point) for point in document["points"])
        return made(Profile, {**document, "policy": read_policy(document["policy"]), "points": points})
    except (KeyError, TypeError, AttributeError) as error:
        raise FailedPreconditionError(f"the answer of the server is not understood: {error!r}") from None


def encoded_input(name: str, path: str) -> str:
    """Return an input as it is sent: the base64 of a file as `numpy.save` writes it.

    Raises:
        InvalidArgumentError: There is no such file, or it is none of numpy's.
    """
    import numpy as np

    try:
        content = Path(path).read_bytes()
        np.load(io.BytesIO(content), allow_pickle=False)
    except OSError as error:
        raise InvalidArgumentError(f"input {name}: {path} cannot be read: {error.strerror}") from None
    except Exception:  # noqa: BLE001  # whatever zipfile and numpy's reader of headers say of damage
        raise InvalidArgumentError(
            f"input {name}: {path} is no array as numpy.save writes it, of numbers or fixed-length strings"
        ) from None
    return base64.b64encode(content).decode()
