"""Loader factory for servables that lie side by side under one path."""

from __future__ import annotations

from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.servable_data import ServableData
from salver.core.servable_request import VersionChoice
from salver.core.source_adapter import SourceAdapter
from salver.core.storage_path import StoragePath, join_path
from salver.errors import FailedPreconditionError, InvalidArgumentError

_ONLY_VERSION = 0


class PathPrefixLoaderFactory:
    """Finds the servable NAME at `prefix/NAME`, without versions: its only version is 0.

    A `LoaderFactory`. Names may come from clients, so they cannot lead out of the prefix.
    """

    def __init__(self, prefix: StoragePath, adapter: SourceAdapter[StoragePath, Loader]) -> None:
        self._prefix = prefix
        self._adapter = adapter

    def create_loader(self, id: ServableId) -> Loader:
        """Return a loader for the servable's path.

        Raises:
            FailedPreconditionError: A version other than 0.
            InvalidArgumentError: The name is no path under the prefix.
            SalverError: The adapter's error.
        """
        if id.version != _ONLY_VERSION:
            raise FailedPreconditionError(
                f"PathPrefixLoaderFactory only supports single-version servables at version {_ONLY_VERSION}"
            )
        if any(part in {"", ".", ".."} for part in id.name.replace("\\", "/").split("/")) or "\0" in id.name:
            raise InvalidArgumentError(f"Not a servable name that can be a path: {id.name!r}")
        return self._adapter.adapt_one_version(ServableData(id, join_path(self._prefix, id.name))).data

    def get_servable_version(self, name: str, choice: VersionChoice) -> int:
        """Return 0."""
        del name, choice
        return _ONLY_VERSION
