"""What is asked of single models that is no change of their configuration, and waiting for what comes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.event_bus import EventBus
from salver.core.harness_state import HarnessState
from salver.core.ids import ServableId
from salver.core.servable_state import ServableState
from salver.errors import UnavailableError
from salver.sources.file_system import FileSystemSource
from salver.sources.watched_stream import PollStatus

_DECIDED = frozenset({HarnessState.READY, HarnessState.ERROR})
_LONGEST_LOOK_S = 0.25
"""What no event tells is found after so long: the outcome of a poll, or a caller that has gone."""


class ModelActs:
    """Looks at base paths, loads versions again and waits for models. Thread-safe."""

    def __init__(
        self,
        manager: AspiredVersionsManager,
        source: FileSystemSource,
        bus: EventBus[ServableState],
    ) -> None:
        self._manager = manager
        self._source = source
        self._bus = bus

    def poll(self, name: str) -> PollStatus | None:
        """Look at the base path of a model now; return what came of it, None if no source watches it."""
        self._source.poll(name)
        self._manager.step()
        return self._source.status(name)

    def reload_version(self, id: ServableId) -> None:
        """Begin to unload this version and then to load it again from its directory; the others go on serving.

        Raises:
            NotFoundError: The version is not aspired.
            FailedPreconditionError: It is not loaded.
            UnavailableError: Its source does not have it any more.
        """
        self._manager.begin_reload(id)
        self._emit_again(id)

    def retry_version(self, id: ServableId) -> None:
        """Try to load a failed version again, now, whatever its pause.

        Raises:
            NotFoundError: The version is not aspired.
            FailedPreconditionError: It has not failed.
            UnavailableError: Its source does not have it any more.
        """
        self._manager.allow_retry(id)
        self._emit_again(id)

    def wait_until_settled(self, name: str, timeout_s: float, is_cancelled: Callable[[], bool]) -> bool:
        """Wait until each aspired version of a model is available or has failed, and no other one is being loaded.

        A model that nothing is configured of is settled when nothing of it is loaded any more.

        Args:
            name: The model.
            timeout_s: Longest wait.
            is_cancelled: Asked now and then; ends the wait.

        Returns:
            Whether it is settled.
        """
        deadline_s = time.monotonic() + timeout_s
        changed = threading.Event()
        with self._bus.subscribe(lambda event: changed.set() if event.value.id.name == name else None):
            while not self.is_settled(name):
                left_s = deadline_s - time.monotonic()
                if left_s <= 0 or is_cancelled():
                    return False
                changed.wait(min(left_s, _LONGEST_LOOK_S))
                changed.clear()
        return True

    def is_settled(self, name: str) -> bool:
        """Whether nothing is under way for this model that brings a version."""
        versions = self._manager.get_state_snapshots(name)
        if name not in self._source.names:
            return all(version.is_aspired and version.state in _DECIDED for version in versions)
        status = self._source.status(name)
        if status is None or status.is_undecided:
            return not self._source.is_polling
        aspired = {version.id.version: version.state for version in versions if version.is_aspired}
        return set(aspired) == set(status.aspired) and all(state in _DECIDED for state in aspired.values())

    def _emit_again(self, id: ServableId) -> None:
        if not self._source.emit_again(id.name):
            raise UnavailableError(f"model {id.name} has no list of versions now; the next poll reads it")
        self._manager.step()
