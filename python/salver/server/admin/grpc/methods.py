"""The table of the admin service: which route each method is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PARAMETER = re.compile(r"{(\w+)}")
_CHANGE = ("dry_run", "wait_s")


@dataclass(frozen=True, slots=True)
class Method:
    """A method that is answered as a request of the REST API is."""

    name: str
    verb: str
    path: str
    """As in the table of routes; the fields of the request that it names go there."""
    answer: str
    """Name of the message that answers."""
    query: tuple[str, ...] = ()
    """Fields of the request that go into the query; all others are the body."""
    body: str | None = None
    """The one field that is the whole body, where there is such a one."""
    request: str = field(default="")
    """Name of the message that asks; by default that of the method and `Request`."""

    @property
    def request_name(self) -> str:
        """Name of the message that asks."""
        return self.request or f"{self.name}Request"

    @property
    def parameters(self) -> list[str]:
        """Fields of the request that go into the path."""
        return _PARAMETER.findall(self.path)


_MODEL = "/v1/models/{model}"
_VERSION = f"{_MODEL}/versions/{{version}}"
_LABEL = f"{_MODEL}/labels/{{label}}"

METHODS = (
    Method("GetServer", "GET", "/v1/server", "Server"),
    Method("Drain", "POST", "/v1/server:drain", "ServerState"),
    Method("ListModels", "GET", "/v1/models", "Models", ("state", "name")),
    Method("GetModel", "GET", _MODEL, "Model"),
    Method("GetVersion", "GET", _VERSION, "Version"),
    Method("AddModel", "POST", "/v1/models", "Change", _CHANGE),
    Method("UpdateModel", "PATCH", _MODEL, "Change", _CHANGE, body="patch"),
    Method("RemoveModel", "DELETE", _MODEL, "Change", _CHANGE),
    Method("PinModel", "POST", f"{_MODEL}:pin", "Change", _CHANGE),
    Method("UnpinModel", "POST", f"{_MODEL}:unpin", "Change", _CHANGE),
    Method("SetLabel", "PUT", _LABEL, "Change", _CHANGE),
    Method("RemoveLabel", "DELETE", _LABEL, "Change", _CHANGE),
    Method("ReloadModel", "POST", f"{_MODEL}:reload", "ModelReport", ("wait_s",)),
    Method("ReloadVersion", "POST", f"{_VERSION}:reload", "ModelReport", ("wait_s",)),
    Method("RetryVersion", "POST", f"{_VERSION}:retry", "ModelReport", ("wait_s",)),
    Method("ListAudit", "GET", "/v1/audit", "Audit"),
)
"""All but those about events."""
