"""TFLite models from version directories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource, ResourceAllocation
from salver.core.storage_path import StoragePath
from salver.errors import NotFoundError, as_salver_error, error_from_code
from salver.servables.memory import return_freed_memory
from salver.servables.tflite.options import TfLiteOptions

if TYPE_CHECKING:
    from salver.servables.loaders import LoaderFactory, PlatformContext
    from salver.servables.tflite.servable import TfLiteServable

FILE_NAME = "model.tflite"


class TfLiteLoader(Loader):
    """Loads `model.tflite` of one version directory."""

    def __init__(self, id: ServableId, path: StoragePath, options: TfLiteOptions) -> None:
        self._id = id
        self._file = Path(path) / FILE_NAME
        self._options = options
        self._resources: ResourceAllocation | None = None
        self._servable: TfLiteServable | None = None

    @property
    def servable(self) -> TfLiteServable | None:
        """See `Loader.servable`."""
        return self._servable

    def estimate_resources(self) -> ResourceAllocation:
        """Return the size of the file, once for itself and once for each interpreter, which keeps its own weights."""
        if self._resources is None:
            num_bytes = self._file.stat().st_size if self._file.is_file() else 0
            ram = num_bytes * (1 + self._options.max_interpreters)
            self._resources = ResourceAllocation({Resource(MAIN, RAM_IN_BYTES): ram})
        return self._resources

    def load(self) -> None:
        """Read the file and build the model; see `Loader.load`."""
        from salver.servables.tflite.servable import TfLiteServable

        try:
            # Read, not mapped: a file that is overwritten in place would end the process.
            content = self._file.read_bytes()
        except FileNotFoundError:
            raise NotFoundError(f"{self._title} has no file {FILE_NAME}") from None
        try:
            self._servable = TfLiteServable(content, self._options)
        except Exception as error:
            cause = as_salver_error(error)
            raise error_from_code(cause.code, f"{self._title} cannot be loaded: {cause.message}") from error

    def unload(self) -> None:
        """Free the interpreters; see `Loader.unload`."""
        self._servable = None
        return_freed_memory()

    @property
    def _title(self) -> str:
        return f"TFLite model {self._id.name} version {self._id.version}"


def is_tflite_directory(path: StoragePath) -> bool:
    """Whether this version directory holds a TFLite model."""
    return (Path(path) / FILE_NAME).is_file()


def platform(context: PlatformContext) -> LoaderFactory:
    """Return the factory of the platform `tflite`."""
    return lambda id, path: TfLiteLoader(id, path, context.tflite_options)
