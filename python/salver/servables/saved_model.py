"""SavedModels, run by TensorFlow's C libraries without the Python package.

The servable is a handle on a native model: requests run in the data plane and never enter Python.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from salver.boundary import NativeModel, TensorFlowOptions
from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource, ResourceAllocation
from salver.errors import NotFoundError, SalverError, UnimplementedError, as_salver_error, error_from_code
from salver.servables.memory import resident_bytes, return_freed_memory
from salver.servables.tensorflow_library import TensorFlowLibrary

if TYPE_CHECKING:
    from salver.servables.servable import Tensors

_GRAPH_FILES = ("saved_model.pb", "saved_model.pbtxt", "saved_model.cpb")
_SIZE_FACTOR = 1.2
"""Memory of a model before it is loaded, per byte of its files."""
RAM = Resource(MAIN, RAM_IN_BYTES)


@dataclass(frozen=True)
class SavedModelServable:
    """A loaded SavedModel."""

    native_model: NativeModel

    @property
    def signature_def_map(self) -> bytes:
        """The serialized SignatureDefMap of the model."""
        return self.native_model.signature_def_map

    def run(self, signature: str, inputs: Tensors, /) -> Tensors:
        """Run one signature in the caller's thread, past the scheduler."""
        return self.native_model.run(signature, inputs)


class SavedModelLoader(Loader):
    """Loads one version directory of a SavedModel."""

    def __init__(
        self,
        id: ServableId,
        path: str,
        library: TensorFlowLibrary,
        options: TensorFlowOptions | None = None,
        *,
        measure_memory: Callable[[], int | None] = resident_bytes,
    ) -> None:
        self._id = id
        self._directory = Path(path)
        self._library = library
        self._options = options or TensorFlowOptions()
        self._measure_memory = measure_memory
        self._measured_bytes: int | None = None
        self._servable: SavedModelServable | None = None

    @property
    def servable(self) -> SavedModelServable | None:
        """See `Loader.servable`."""
        return self._servable

    def estimate_resources(self) -> ResourceAllocation:
        """Return 1.2 times the size of the files; after the load, what it was seen to take, if that is less."""
        num_bytes = self._estimated_bytes
        if self._measured_bytes is not None:
            num_bytes = min(num_bytes, self._measured_bytes)
        return ResourceAllocation({RAM: num_bytes})

    @cached_property
    def _estimated_bytes(self) -> int:
        return int(_size_of_files(self._directory) * _SIZE_FACTOR)

    def load(self) -> None:
        """Load graph and variables; see `Loader.load`."""
        self._check_format()
        # Opening the library is not part of what this version takes.
        runtime = self._library.runtime()
        before = self._measure_memory()
        try:
            model = runtime.load(str(self._directory), self._options)
        except Exception as error:
            raise self._client_error(error) from error
        self._note_growth(before, self._measure_memory())
        self._servable = SavedModelServable(model)

    def unload(self) -> None:
        """Free the model and give its memory back; see `Loader.unload`."""
        servable, self._servable = self._servable, None
        if servable is not None:
            servable.native_model.close()
            del servable
            return_freed_memory()

    def _check_format(self) -> None:
        if any((self._directory / name).is_file() for name in _GRAPH_FILES):
            return
        if (self._directory / "export.meta").is_file():
            raise UnimplementedError(f"{self._title} is in the session bundle format: export it as a SavedModel")
        raise NotFoundError(f"{self._title} has neither of the files {', '.join(_GRAPH_FILES)}")

    def _note_growth(self, before: int | None, after: int | None) -> None:
        if before is None or after is None:
            return
        # Loads at the same time blur the measure, and freed pages hide growth; the variables are there for certain.
        self._measured_bytes = max(after - before, _size_of_files(self._directory / "variables"))

    def _client_error(self, error: Exception) -> SalverError:
        """Say which version failed, and not where it lies on this machine."""
        cause = as_salver_error(error)
        directory = str(self._directory)
        message = cause.message.replace(os.path.realpath(directory), "DIRECTORY").replace(directory, "DIRECTORY")
        return error_from_code(cause.code, f"{self._title} cannot be loaded: {message}")

    @property
    def _title(self) -> str:
        return f"SavedModel {self._id.name} version {self._id.version}"


def _size_of_files(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.stat(os.path.join(folder, name)).st_size
            except OSError:  # removed meanwhile, or a dangling link
                continue
    return total
