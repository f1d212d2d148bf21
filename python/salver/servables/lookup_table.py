"""A table of strings as a model: the smallest complete platform, and the one to copy for a new kind of model.

A version directory holds `table.json`, one JSON object with text values. Request `keys` (strings) gives `values`
(strings, empty where the key is unknown) and `found` (booleans), all of one shape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource, ResourceAllocation
from salver.core.storage_path import StoragePath
from salver.errors import FailedPreconditionError, NotFoundError
from salver.servables.loaders import LoaderFactory, PlatformContext
from salver.servables.servable import DEFAULT_SIGNATURE, SignatureSpec, Tensors, TensorSpec

FILE_NAME = "table.json"
_BYTES_PER_FILE_BYTE = 4
"""Memory of the table, per byte of its file: a bound for short keys and values."""


class LookupTable:
    """A servable that looks keys up in a table."""

    def __init__(self, table: Mapping[bytes, bytes]) -> None:
        self._table = table
        self.signatures = {
            DEFAULT_SIGNATURE: SignatureSpec(
                inputs={"keys": TensorSpec(bytes)},
                outputs={"values": TensorSpec(bytes), "found": TensorSpec(np.bool_)},
            )
        }

    def run(self, signature: str, inputs: Tensors, /) -> Tensors:
        """Look every key up."""
        del signature  # there is one
        keys = inputs["keys"]
        values = np.empty(keys.shape, object)
        found = np.zeros(keys.shape, np.bool_)
        for index in np.ndindex(keys.shape):
            value = self._table.get(keys.item(index))
            values[index] = b"" if value is None else value
            found[index] = value is not None
        return {"values": values, "found": found}


class LookupTableLoader(Loader):
    """Reads the table of one version directory."""

    def __init__(self, id: ServableId, path: StoragePath) -> None:
        self._id = id
        self._file = Path(path) / FILE_NAME
        self._resources: ResourceAllocation | None = None
        self._servable: LookupTable | None = None

    @property
    def servable(self) -> LookupTable | None:
        """See `Loader.servable`."""
        return self._servable

    def estimate_resources(self) -> ResourceAllocation:
        """Return a bound from the size of the file."""
        if self._resources is None:
            num_bytes = self._file.stat().st_size if self._file.is_file() else 0
            self._resources = ResourceAllocation({Resource(MAIN, RAM_IN_BYTES): num_bytes * _BYTES_PER_FILE_BYTE})
        return self._resources

    def load(self) -> None:
        """Read the file; see `Loader.load`."""
        try:
            document = json.loads(self._file.read_bytes())
        except FileNotFoundError:
            raise NotFoundError(f"{self._title} has no file {FILE_NAME}") from None
        except ValueError as error:
            raise FailedPreconditionError(f"{self._title}: {FILE_NAME} is not JSON: {error}") from error
        self._servable = LookupTable(self._checked(document))

    def unload(self) -> None:
        """Drop the table; see `Loader.unload`."""
        self._servable = None

    def _checked(self, document: object) -> dict[bytes, bytes]:
        if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
            raise FailedPreconditionError(f"{self._title}: {FILE_NAME} must hold one object with text values")
        return {key.encode(): value.encode() for key, value in document.items()}

    @property
    def _title(self) -> str:
        return f"lookup table {self._id.name} version {self._id.version}"


def platform(context: PlatformContext) -> LoaderFactory:
    """Return the factory of the platform `lookup_table`."""
    del context
    return LookupTableLoader
