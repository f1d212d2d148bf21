"""Python servables from files: a version directory holds `servable.py`, which defines `load`.

```python
# /models/double/1/servable.py
import numpy as np
from salver import CallableServable, TensorSpec

def load(directory):
    spec = {"x": TensorSpec(np.float32, [None])}
    return CallableServable(lambda inputs: {"y": inputs["x"] * 2}, inputs=spec, outputs={"y": spec["x"]})
```

Who can write to the base path runs code in the server: the platform `python` is for directories that are trusted as
the server's own code is.
"""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from salver.core.ids import ServableId
from salver.core.loader import ResourceUnsafeLoader
from salver.core.storage_path import StoragePath
from salver.errors import FailedPreconditionError, NotFoundError
from salver.servables.loaders import LoaderFactory, PlatformContext
from salver.servables.servable import Servable, is_servable

FILE_NAME = "servable.py"
_LOAD = "load"


class PythonLoader(ResourceUnsafeLoader):
    """Runs the file of a version directory and calls its `load(directory)`."""

    def __init__(self, id: ServableId, path: StoragePath) -> None:
        self._id = id
        self._directory = Path(path)
        self._servable: Servable | None = None

    @property
    def servable(self) -> Servable | None:
        """See `Loader.servable`."""
        return self._servable

    def load(self) -> None:
        """Run the file; see `Loader.load`."""
        made = self._load_function()(self._directory)
        if not is_servable(made):
            raise FailedPreconditionError(
                f"{self._title}: {_LOAD}() gave a {type(made).__name__}, expected an object with signatures and run()"
            )
        self._servable = made

    def unload(self) -> None:
        """Let go of the servable, and call its `close()` if it has one; see `Loader.unload`."""
        servable, self._servable = self._servable, None
        close = getattr(servable, "close", None)
        if callable(close):
            close()
        del servable, close
        gc.collect()  # models of Python frameworks often sit in reference cycles

    def _load_function(self) -> Callable[[Path], object]:
        function = getattr(self._module(), _LOAD, None)
        if not callable(function):
            raise FailedPreconditionError(f"{self._title}: {FILE_NAME} defines no function {_LOAD}(directory)")
        loaded: Callable[[Path], Any] = function
        return loaded

    def _module(self) -> ModuleType:
        file = self._directory / FILE_NAME
        if not file.is_file():
            raise NotFoundError(f"{self._title} has no file {FILE_NAME}")
        # Not put into sys.modules: two versions of one model are two modules.
        spec = importlib.util.spec_from_file_location(f"salver_servable_{self._id.version}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @property
    def _title(self) -> str:
        return f"Python servable {self._id.name} version {self._id.version}"


def platform(context: PlatformContext) -> LoaderFactory:
    """Return the factory of the platform `python`."""
    del context
    return PythonLoader
