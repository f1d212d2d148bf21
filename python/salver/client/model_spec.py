"""Which model, which version of it, and which of its signatures a call is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from salver.client.wire_writer import span, varint_field
from salver.errors import InvalidArgumentError


@dataclass(frozen=True)
class ModelSpec:
    """A model of a server; without version and label the newest that serves."""

    name: str
    version: int | None = None
    label: str | None = None
    signature: str = ""
    """Empty stands for `serving_default`."""

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidArgumentError("a model has a name, got none")
        if self.version is not None and self.label is not None:
            raise InvalidArgumentError(f"model {self.name!r}: version and label exclude each other")
        if self.version is not None and self.version < 0:
            raise InvalidArgumentError(f"model {self.name!r}: versions begin at 0, got {self.version}")

    def message(self) -> bytes:
        """The ModelSpec of the wire."""
        out = span(1, self.name.encode())
        if self.version is not None:
            out += span(2, varint_field(1, self.version) if self.version else b"")
        if self.label is not None:
            out += span(4, self.label.encode())
        return out + (span(3, self.signature.encode()) if self.signature else b"")

    def fill(self, spec: Any) -> None:
        """Fill in a ModelSpec message of `salver.wire`."""
        spec.ParseFromString(self.message())

    def path(self) -> str:
        """The path of the model in the REST API."""
        path = f"/v1/models/{quote(self.name, safe='')}"
        if self.version is not None:
            return f"{path}/versions/{self.version}"
        return path if self.label is None else f"{path}/labels/{quote(self.label, safe='')}"
