"""A loader made of functions, for servables that need no loader class of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from salver.core.loader import Loader, LoadMetadata
from salver.core.resources import ResourceAllocation
from salver.core.source_adapter import UnarySourceAdapter
from salver.errors import FailedPreconditionError

S = TypeVar("S")
D = TypeVar("D")

Estimator = Callable[[], ResourceAllocation]
"""Estimates what a servable occupies."""


def estimate_no_resources() -> ResourceAllocation:
    """Estimate nothing: the servable is always admitted."""
    return ResourceAllocation()


class SimpleLoader(Loader, Generic[S]):
    """Loads by calling a creator, unloads by letting go of what it made.

        SimpleLoader(lambda: read_table(path), estimate)
        SimpleLoader.with_metadata(lambda metadata: read_table(path, metadata.id), estimate)

    A servable with a `close` method of its own is closed by `on_unload=Servable.close`.
    """

    def __init__(
        self,
        creator: Callable[[], S],
        estimator: Estimator = estimate_no_resources,
        *,
        post_load_estimator: Estimator | None = None,
        on_unload: Callable[[S], None] | None = None,
    ) -> None:
        """Bind the functions; none is called yet.

        Args:
            creator: Makes the servable; called on a manager thread, again after a failure.
            estimator: Called once, on the first request for an estimate, and remembered.
            post_load_estimator: Replaces the estimate after the load; it may only be lower.
            on_unload: Called with the servable at unload, before it is let go.
        """
        self._creator: Callable[[LoadMetadata | None], S] = lambda _: creator()
        self._needs_metadata = False
        self._estimator = estimator
        self._post_load_estimator = post_load_estimator
        self._on_unload = on_unload
        self._estimate: ResourceAllocation | None = None
        self._estimate_lock = threading.Lock()
        """Guards `_estimate`, so that the estimator is called once."""
        self._servable: S | None = None

    @classmethod
    def with_metadata(
        cls,
        creator: Callable[[LoadMetadata], S],
        estimator: Estimator = estimate_no_resources,
        *,
        post_load_estimator: Estimator | None = None,
        on_unload: Callable[[S], None] | None = None,
    ) -> SimpleLoader[S]:
        """Make a loader whose creator is told which version it makes; plain `load` fails then."""

        def create(metadata: LoadMetadata | None) -> S:
            if metadata is None:
                raise FailedPreconditionError("This loader needs metadata; call load_with_metadata() instead of load()")
            return creator(metadata)

        loader = cls(lambda: create(None), estimator, post_load_estimator=post_load_estimator, on_unload=on_unload)
        loader._creator = create
        return loader

    def estimate_resources(self) -> ResourceAllocation:
        """See `Loader`; asked for once and remembered, unless the estimator raises."""
        with self._estimate_lock:
            if self._estimate is None:
                self._estimate = self._estimator()
            return self._estimate

    def load(self) -> None:
        """See `Loader`.

        Raises:
            FailedPreconditionError: The creator needs metadata.
        """
        self._load(None)

    def load_with_metadata(self, metadata: LoadMetadata) -> None:
        """See `Loader`."""
        self._load(metadata)

    def unload(self) -> None:
        """See `Loader`."""
        servable, self._servable = self._servable, None
        if servable is not None and self._on_unload is not None:
            self._on_unload(servable)

    @property
    def servable(self) -> S | None:
        """See `Loader`."""
        return self._servable

    def _load(self, metadata: LoadMetadata | None) -> None:
        servable = self._creator(metadata)
        if self._post_load_estimator is not None:
            estimate = self._post_load_estimator()
            with self._estimate_lock:
                self._estimate = estimate
        self._servable = servable


class SimpleLoaderSourceAdapter(UnarySourceAdapter[D, Loader], Generic[D, S]):
    """Turns data (a storage path, say) into loaders, by a creator and an estimator that take that data.

    The loaders keep the functions, not the adapter, and stay valid without it.
    """

    def __init__(
        self,
        creator: Callable[[D], S],
        estimator: Callable[[D], ResourceAllocation] | None = None,
        *,
        on_unload: Callable[[S], None] | None = None,
    ) -> None:
        """Bind the functions, see `SimpleLoader`; without an estimator nothing is estimated."""
        super().__init__()
        self._creator = creator
        self._estimator = estimator
        self._on_unload = on_unload

    def convert(self, data: D) -> Loader:
        """Return a loader for this data."""
        creator, estimator = self._creator, self._estimator
        estimate = estimate_no_resources if estimator is None else lambda: estimator(data)
        return SimpleLoader(lambda: creator(data), estimate, on_unload=self._on_unload)
