"""Puts sources, adapters and a manager together, and takes them apart in the right order."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Self

from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.loader import Loader
from salver.core.manager import Manager
from salver.core.manager_options import AspiredVersionsManagerOptions
from salver.core.servable_handle import Pin
from salver.core.servable_request import ServableRequest
from salver.core.source import Source, connect
from salver.core.source_adapter import SourceAdapter
from salver.errors import FailedPreconditionError


class OwningManager(Manager):
    """A manager together with everything that feeds it.

    `close` ends the sources first, then the adapters, from the source on, and the manager last.
    """

    def __init__(self, manager: Manager, parts: contextlib.ExitStack) -> None:
        self._manager = manager
        self._parts = parts

    def find_pin(self, request: ServableRequest) -> Pin | None:
        """See `Manager`."""
        return self._manager.find_pin(request)

    def all_pins(self) -> Sequence[Pin]:
        """See `Manager`."""
        return self._manager.all_pins()

    def close(self) -> None:
        """End all parts; blocks as the parts do. Idempotent."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class AspiredVersionsManagerBuilder:
    """Builds a running manager that owns its sources.

        builder = AspiredVersionsManagerBuilder(options)
        builder.add_source_chain(file_system_source, loader_adapter)
        with builder.build() as manager:
            ...

    Not thread-safe.
    """

    def __init__(self, options: AspiredVersionsManagerOptions | None = None) -> None:
        self._manager = AspiredVersionsManager(options)
        self._parts = contextlib.ExitStack()
        self._parts.callback(self._manager.close)
        self._is_built = False

    def add_source(self, source: Source[Loader]) -> None:
        """Connect a source of loaders and own it.

        Raises:
            FailedPreconditionError: The source is connected already, or the manager is built.
        """
        self.add_source_chain(source)

    def add_source_chain(self, source: Source[Any], *adapters: SourceAdapter[Any, Any]) -> None:
        """Connect a source through adapters, the last of which gives loaders, and own them all.

        Raises:
            FailedPreconditionError: A part is connected already, or the manager is built.
        """
        self._check_not_built()
        # From the end, so that nothing waits for its connection when the source emits at once.
        for part, target in reversed(list(zip([source, *adapters], [*adapters, self._manager], strict=True))):
            connect(part, target)
            self._own(part)

    def build(self) -> OwningManager:
        """Start the manager and return it with everything it owns.

        Raises:
            FailedPreconditionError: Called before.
        """
        self._check_not_built()
        self._is_built = True
        self._manager.start()
        return OwningManager(self._manager, self._parts)

    def _own(self, part: Source[Any]) -> None:
        """End the part before everything it emits to: `stop` of a source, `detach` of an adapter, if it has them."""
        end = getattr(part, "stop", None) or getattr(part, "detach", None)
        if end is not None:
            self._parts.callback(end)

    def _check_not_built(self) -> None:
        if self._is_built:
            raise FailedPreconditionError("build() was called before on this AspiredVersionsManagerBuilder")
