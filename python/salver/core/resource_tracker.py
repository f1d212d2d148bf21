"""Keeps what the loaded servables occupy within a total."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from salver.core.resources import ResourceAllocation, ResourceUtil
from salver.errors import InvalidArgumentError, as_salver_error

logger = logging.getLogger(__name__)


class HasResourceEstimate(Protocol):
    """The one thing the tracker asks of a loader."""

    def estimate_resources(self) -> ResourceAllocation:
        """Return an upper bound of what the servable occupies; cheap, callable before the load, never growing."""
        ...


class ResourceTracker:
    """Admits loads while they fit, with room that is not yet bound to a device instance counted on every instance.

    Not thread-safe: the manager calls it under its own lock. `total` and `used` may be read from any thread.
    """

    def __init__(self, total: ResourceAllocation, util: ResourceUtil) -> None:
        """Track against `total`.

        Raises:
            InvalidArgumentError: `total` is invalid or names resources that are not bound to an instance.
        """
        util.verify_validity(total)
        if not util.is_bound(total):
            raise InvalidArgumentError(f"total_resources must be bound: {total}")
        self._util = util
        self._total = util.normalize(total)
        self._used = ResourceAllocation()

    @property
    def total(self) -> ResourceAllocation:
        """All there is."""
        return self._total

    @property
    def used(self) -> ResourceAllocation:
        """What is reserved, unbound entries as they were asked for."""
        return self._used

    def reserve(self, loader: HasResourceEstimate) -> bool:
        """Reserve what `loader` estimates; False, and nothing reserved, if it does not fit.

        Raises:
            SalverError: The estimate fails or is invalid; nothing is reserved.
        """
        requested = self._estimate(loader)
        if not self._util.less_than_or_equal(self._if_added(requested), self._total):
            logger.warning("%s", self._refusal(requested))
            return False
        self._used = self._util.add(self._used, requested)
        return True

    def recompute_used(self, loaders: Iterable[HasResourceEstimate]) -> None:
        """Replace what is reserved by the sum of these loaders' present estimates.

        Raises:
            SalverError: An estimate fails or is invalid; what was reserved stays.
        """
        used = ResourceAllocation()
        for loader in loaders:
            used = self._util.add(used, self._estimate(loader))
        self._used = used

    def explain_refusal(self, loader: HasResourceEstimate) -> str:
        """Say why `reserve(loader)` was refused: total, used and requested."""
        return self._refusal(self._estimate(loader))

    def _estimate(self, loader: HasResourceEstimate) -> ResourceAllocation:
        try:
            estimate = loader.estimate_resources()
        except Exception as error:
            raise as_salver_error(error) from error
        self._util.verify_validity(estimate)
        return self._util.normalize(estimate)

    def _if_added(self, requested: ResourceAllocation) -> ResourceAllocation:
        return self._util.add(self._util.overbind(self._used), requested)

    def _refusal(self, requested: ResourceAllocation) -> str:
        return f"Insufficient resources to load servable: total {self._total}, used {self._used}, requested {requested}"
