"""Where TensorFlow's C libraries are, and one opening of them for a server.

TensorFlow the Python package is never imported: it takes seconds and several hundred megabytes, and the server needs
only the shared libraries that its wheel carries.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from salver.boundary import TensorFlowRuntime
from salver.errors import FailedPreconditionError, InvalidArgumentError

_LIBRARIES = ("tensorflow_framework", "tensorflow_cc")
"""In the order in which they depend on each other."""

RuntimeOpener = Callable[[Sequence[str]], TensorFlowRuntime]
"""`DataPlane.open_tensorflow`."""


def find_tensorflow_libraries() -> list[str]:
    """Return the paths of TensorFlow's shared libraries, in the order in which they are to be opened.

    Raises:
        FailedPreconditionError: TensorFlow is not installed, or its wheel has no such libraries.
    """
    for folder in _package_folders():
        found = [folder / _file_name(library) for library in _LIBRARIES]
        if all(path.is_file() for path in found):
            return [str(path) for path in found]
    raise FailedPreconditionError(
        "TensorFlow's libraries were not found: SavedModels need them. "
        "Install them with: pip install tensorflow-cpu (or: pip install tensorflow)"
    )


def _package_folders() -> list[Path]:
    # Finding the spec of a top-level package does not run the package.
    spec = importlib.util.find_spec("tensorflow")
    locations = spec.submodule_search_locations if spec else None
    return [Path(location) for location in locations or ()]


def _file_name(library: str) -> str:
    return f"lib{library}.2.dylib" if sys.platform == "darwin" else f"lib{library}.so.2"


class TensorFlowLibrary:
    """TensorFlow's runtime with the operations that were added to it; thread-safe, owned by one server.

    Opened at first use or ahead of it: that takes some 0.3 s without the GIL, so a server that will need it starts it
    first of all.
    """

    def __init__(
        self,
        opener: RuntimeOpener,
        *,
        custom_op_libraries: Sequence[str] = (),
        find_libraries: Callable[[], Sequence[str]] = find_tensorflow_libraries,
    ) -> None:
        """Open nothing yet.

        Args:
            opener: Opens the libraries.
            custom_op_libraries: Paths of libraries with further operations, loaded in this order before any model.
            find_libraries: Says where TensorFlow's own are.
        """
        self._opener = opener
        self._custom_op_libraries = tuple(custom_op_libraries)
        self._find_libraries = find_libraries
        self._lock = threading.Lock()
        self._opening: Future[TensorFlowRuntime] | None = None

    def load_custom_ops(self) -> None:
        """Open the runtime if there are libraries of operations to load into it; for the start of a server.

        Raises:
            InvalidArgumentError: There is no file at one of the paths.
            FailedPreconditionError: TensorFlow is not installed.
            SalverError: What TensorFlow says of a library that it cannot load.
        """
        for path in self._custom_op_libraries:
            if not Path(path).is_file():
                raise InvalidArgumentError(f"custom_op_libraries: there is no file {path}")
        if self._custom_op_libraries:
            self.runtime()

    def open_in_background(self) -> None:
        """Start opening on a thread of its own, unless that was done; an error is kept for `runtime`."""
        opening = self._claim()
        if opening is not None:
            # A daemon: dlopen cannot be interrupted, and must not hold up a server that stops.
            threading.Thread(target=self._open, args=(opening,), name="salver-tensorflow", daemon=True).start()

    def runtime(self) -> TensorFlowRuntime:
        """Return the runtime, opening it or waiting until it is open.

        Raises:
            FailedPreconditionError: It is not installed. The next call looks again.
            SalverError: A library of operations cannot be loaded. The next call tries again.
        """
        opening = self._claim()
        if opening is not None:
            self._open(opening)
        else:
            opening = self._opening
        assert opening is not None
        return self._result(opening)

    def _claim(self) -> Future[TensorFlowRuntime] | None:
        with self._lock:
            if self._opening is not None:
                return None
            self._opening = Future()
            return self._opening

    def _open(self, opening: Future[TensorFlowRuntime]) -> None:
        try:
            runtime = self._opener(self._find_libraries())
            for path in self._custom_op_libraries:
                runtime.load_library(os.path.abspath(path))  # a bare name would be looked for elsewhere
            opening.set_result(runtime)
        except Exception as error:  # noqa: BLE001  # raised again by `runtime`
            opening.set_exception(error)

    def _result(self, opening: Future[TensorFlowRuntime]) -> TensorFlowRuntime:
        try:
            return opening.result()
        except Exception:
            # Not kept: the package may be installed, or the file repaired, before the next attempt.
            with self._lock:
                if self._opening is opening:
                    self._opening = None
            raise
