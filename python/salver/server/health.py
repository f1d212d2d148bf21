"""Whether the server and each model are ready, as the health service and /readyz tell it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from salver.boundary import DataPlane

SERVING = 1
NOT_SERVING = 2

SERVER_SERVICES = (
    "",
    "ModelService",
    "PredictionService",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
)
"""Names of the health service that speak of the whole server: the empty one, and those that clients ask for."""


class Health:
    """Keeps what the health service answers. Thread-safe.

    The server is ready when it was told so (each configured model was available or has failed once) and until it
    drains; it does not become unready because a model fails later. A model is ready while one of its versions serves.
    """

    def __init__(self, plane: DataPlane, on_state: Callable[[str], None] = lambda _: None) -> None:
        """Make the health of a server that starts.

        Args:
            plane: What answers for it.
            on_state: Called with each further `state`, once, after it is published.
        """
        self._plane = plane
        self._on_state = on_state
        self._lock = threading.Lock()
        """Guards all below, and that the plane sees the states in order."""
        self._is_started = False
        self._is_draining = False
        self._models: frozenset[str] = frozenset()
        self._available: set[str] = set()
        self._states: dict[str, int] = {}
        """As they were published last: a change of one model does not make all of them anew."""

    @property
    def is_ready(self) -> bool:
        """Whether the server takes requests."""
        return self._is_started and not self._is_draining

    @property
    def is_started(self) -> bool:
        """Whether each configured model was available or has failed once."""
        return self._is_started

    @property
    def state(self) -> str:
        """STARTING until it is ready for the first time, then SERVING, and DRAINING in any case once that begins."""
        if self._is_draining:
            return "DRAINING"
        return "SERVING" if self._is_started else "STARTING"

    def set_started(self) -> None:
        """Become ready."""
        with self._lock:
            before, self._is_started = self.state, True
            self._publish()
            self._tell(before)

    def set_draining(self) -> None:
        """Be unready from now on, every model included."""
        with self._lock:
            before, self._is_draining = self.state, True
            self._publish()
            self._tell(before)

    def set_models(self, models: Iterable[str]) -> None:
        """Replace the names of the models that the server should serve."""
        with self._lock:
            self._models = frozenset(models)
            self._publish()

    def set_available(self, model: str, *, is_available: bool) -> None:
        """Note whether a version of this model serves."""
        with self._lock:
            if is_available != (model in self._available):
                self._available ^= {model}
                self._update(model)
                self._plane.publish_health(self._states, self.is_ready)

    def _tell(self, before: str) -> None:
        if self.state != before:
            self._on_state(self.state)

    def _publish(self) -> None:
        self._states = {}
        for name in self._models | self._available:
            self._update(name)
        self._states |= dict.fromkeys(SERVER_SERVICES, self._state(is_ready=self.is_ready))
        self._plane.publish_health(self._states, self.is_ready)

    def _update(self, model: str) -> None:
        # A model named like a service does not speak for the server.
        if model not in SERVER_SERVICES:
            is_available = model in self._available
            if is_available or model in self._models:
                self._states[model] = self._state(is_ready=is_available)
            else:
                self._states.pop(model, None)

    def _state(self, *, is_ready: bool) -> int:
        return SERVING if is_ready and not self._is_draining else NOT_SERVING
