"""A loader that does as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable

from salver.core.loader import Loader
from salver.core.resources import ResourceAllocation
from salver.errors import UnknownError

_GATE_TIMEOUT_S = 30.0


class FakeLoader(Loader):
    """Loads a given object, can be made to wait or fail, and remembers what was asked of it.

    Asserts what managers promise: one successful load, one unload, never both at once.
    """

    def __init__(
        self,
        servable: object = "servable",
        *,
        num_failures: int = 0,
        error: Exception | None = None,
        estimate: ResourceAllocation | Callable[[], ResourceAllocation] | None = None,
    ) -> None:
        """Make a loader of `servable` whose first `num_failures` loads raise `error`."""
        self._object: object | None = servable
        self._servable: object | None = None
        self._num_failures_left = num_failures
        self._error = error or UnknownError("the fake load failed")
        self._estimate = ResourceAllocation() if estimate is None else estimate
        self.load_gate = threading.Event()
        """A load waits for it; set from the start: clear it to hold loads back."""
        self.load_gate.set()
        self.unload_gate = threading.Event()
        """The same for the unload."""
        self.unload_gate.set()
        self.is_loading = threading.Event()
        """Set when a load has begun."""
        self.is_unloading = threading.Event()
        """Set when the unload has begun."""
        self.num_load_attempts = 0
        self.num_unloads = 0
        self.load_thread: threading.Thread | None = None
        """Where the last load ran."""
        self.unload_thread: threading.Thread | None = None
        """Where the unload ran."""

    def estimate_resources(self) -> ResourceAllocation:
        """Return the estimate, or what the given function says."""
        return self._estimate() if callable(self._estimate) else self._estimate

    def load(self) -> None:
        """Wait for the gate, then fail or succeed."""
        if self._servable is not None or self.num_unloads:
            raise AssertionError("loaded again")
        self.num_load_attempts += 1
        self.load_thread = threading.current_thread()
        self.is_loading.set()
        _pass(self.load_gate)
        if self._num_failures_left > 0:
            self._num_failures_left -= 1
            raise self._error
        self._servable = self._object

    def unload(self) -> None:
        """Wait for the gate, then let go of the servable."""
        if self._servable is None:
            raise AssertionError("unloaded without being loaded")
        self.unload_thread = threading.current_thread()
        self.is_unloading.set()
        _pass(self.unload_gate)
        self.num_unloads += 1
        self._servable = self._object = None

    @property
    def servable(self) -> object | None:
        """The given object while it is loaded."""
        return self._servable


def _pass(gate: threading.Event) -> None:
    if not gate.wait(_GATE_TIMEOUT_S):
        raise AssertionError(f"held back for more than {_GATE_TIMEOUT_S} s")
