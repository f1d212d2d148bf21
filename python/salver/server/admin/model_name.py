"""The model that a path of the admin port names."""

from __future__ import annotations

from collections.abc import Collection

from salver.config.flag_parser import nearest
from salver.errors import NotFoundError
from salver.server.admin.router import AdminRequest


def model_of(request: AdminRequest, names: Collection[str]) -> str:
    """Return the model that the path names; `names` are those that are configured.

    Raises:
        NotFoundError: It is not configured; names the nearest that is.
    """
    model = request.parameters["model"]
    if model in names:
        return model
    guess = nearest(model, names)
    raise NotFoundError(f"There is no model {model}{f'; did you mean {guess}?' if guess else ''}")
