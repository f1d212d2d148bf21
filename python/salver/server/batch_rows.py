"""How many rows may be joined for each version: as its platform says, or the version itself."""

from __future__ import annotations

import os

from salver.config.server_config import ServerConfig
from salver.core.ids import ServableId
from salver.core.loader import Loader, LoadMetadata
from salver.core.storage_path import StoragePath
from salver.servables.wrapping_loader import WrappingLoader

FILE_NAME = "batching_params.pbtxt"


def max_batch_rows(config: ServerConfig) -> int:
    """Return how many rows may be joined into one batch; 1 keeps requests apart."""
    return config.batching.max_rows if config.enable_batching else 1


class BatchRows:
    """The limit of each version, noted when it is loaded. Thread-safe."""

    def __init__(self, default: int) -> None:
        """Begin with the limit of versions that have none of their own."""
        self._default = default
        self._noted: dict[ServableId, int] = {}

    def note(self, id: ServableId, rows: int) -> None:
        """Set the limit of a version."""
        self._noted[id] = rows

    def forget(self, id: ServableId) -> None:
        """Take the limit of a version back."""
        self._noted.pop(id, None)

    def of(self, id: ServableId) -> int:
        """Return the limit of a version."""
        return self._noted.get(id, self._default)


class BatchRowsLoader(WrappingLoader):
    """Notes the limit of its version with the load."""

    def __init__(
        self, loader: Loader, id: ServableId, directory: StoragePath, config: ServerConfig, rows: BatchRows
    ) -> None:
        super().__init__(loader)
        self._id = id
        self._directory = directory
        self._config = config
        self._rows = rows

    def load_with_metadata(self, metadata: LoadMetadata) -> None:
        """Load; a file of parameters in the version directory that is wrong fails the load."""
        rows = self._max_rows()
        super().load_with_metadata(metadata)
        self._rows.note(self._id, rows)

    def unload(self) -> None:
        """See `Loader.unload`."""
        super().unload()
        self._rows.forget(self._id)

    def _max_rows(self) -> int:
        if not self._config.enable_per_model_batching:
            return max_batch_rows(self._config)
        path = os.path.join(self._directory, FILE_NAME)
        if not os.path.exists(path):
            return 1
        from salver.config.batching_parameters_file import read_batching_parameters

        return read_batching_parameters(path).max_rows
