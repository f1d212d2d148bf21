"""What a request is to, of all that a server serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from salver.wire import Message


@dataclass(frozen=True, kw_only=True)
class ModelAddress:
    """One signature of one version of a model."""

    name: str
    version: int | None = None
    """None, where there is no label either, leaves it to the server: the highest."""
    label: str | None = None
    signature: str = ""
    """Empty is `serving_default`."""

    @property
    def rest_path(self) -> str:
        """The path of the model, or of one version of it, on the REST port."""
        path = f"/v1/models/{quote(self.name, safe='')}"
        if self.version is not None:
            return f"{path}/versions/{self.version}"
        return f"{path}/labels/{quote(self.label, safe='')}" if self.label is not None else path

    def fill(self, spec: Message) -> None:
        """Write it into a ModelSpec."""
        spec.name = self.name
        spec.signature_name = self.signature
        if self.version is not None:
            spec.version.value = self.version
        elif self.label is not None:
            spec.version_label = self.label
