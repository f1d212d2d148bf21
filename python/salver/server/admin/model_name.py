"""Names of models that a request gives."""

from __future__ import annotations

from collections.abc import Collection

from salver.errors import NotFoundError
from salver.nearest import did_you_mean
from salver.server.admin.router import AdminRequest


def model_of(request: AdminRequest, names: Collection[str]) -> str:
    """Return the model that the path names; raises as `check_known`."""
    check_known(request.model, names)
    return request.model


def check_known(model: str, names: Collection[str]) -> None:
    """Check that there is a model of this name among `names`.

    Raises:
        NotFoundError: There is none; names the nearest.
    """
    if model not in names:
        raise NotFoundError("; ".join(filter(None, (f"There is no model {model}", did_you_mean(model, names)))))
