"""A manager of a fixed set of servables that exist already."""

from __future__ import annotations

from collections.abc import Sequence

from salver.core.basic_manager import BasicManager
from salver.core.ids import ServableId
from salver.core.manager import Manager
from salver.core.servable_data import ServableData
from salver.core.servable_handle import Pin
from salver.core.servable_request import ServableRequest
from salver.core.simple_loader import SimpleLoader
from salver.errors import FailedPreconditionError, InvalidArgumentError, SalverError


class StaticManager(Manager):
    """Serves what its builder was given; has no threads."""

    def __init__(self, manager: BasicManager) -> None:
        self._manager = manager

    def find_pin(self, request: ServableRequest) -> Pin | None:
        """See `Manager`."""
        return self._manager.find_pin(request)

    def all_pins(self) -> Sequence[Pin]:
        """See `Manager`."""
        return self._manager.all_pins()

    def close(self) -> None:
        """Let go of all servables; blocks for their handles. Idempotent."""
        self._manager.close()


class StaticManagerBuilder:
    """Collects servables: `add_servable` any number of times, then `build` once. Not thread-safe."""

    def __init__(self) -> None:
        self._manager = BasicManager()
        self._is_built = False

    def add_servable(self, id: ServableId, servable: object) -> None:
        """Add a servable; it is loaded at once, on this thread.

        Raises:
            InvalidArgumentError: The servable is None.
            FailedPreconditionError: The id is there already, or the manager is built.
        """
        self._check_not_built()
        if servable is None:
            raise InvalidArgumentError(f"The servable for {id} must not be None")
        self._manager.manage_servable(ServableData(id, SimpleLoader(lambda: servable)))
        errors: list[SalverError | None] = []
        self._manager.load_servable(id, errors.append)
        if errors[0] is not None:
            raise errors[0]

    def build(self) -> StaticManager:
        """Return the manager.

        Raises:
            FailedPreconditionError: Called before.
        """
        self._check_not_built()
        self._is_built = True
        return StaticManager(self._manager)

    def _check_not_built(self) -> None:
        if self._is_built:
            raise FailedPreconditionError("Build() already called on this StaticManagerBuilder.")
