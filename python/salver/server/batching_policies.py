"""Which batching policy holds for each version: the server's for its model, unless the version has one of its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from salver.boundary import UNBATCHED, BatchingPolicy
from salver.config.batching_parameters import BatchingParameters
from salver.config.server_config import ServerConfig
from salver.core.ids import ServableId
from salver.server.followed_file import FollowedFile


@dataclass(frozen=True, slots=True)
class OwnPolicy:
    """What a version does not take from the server."""

    policy: BatchingPolicy
    file: FollowedFile[BatchingParameters] | None = None
    """The file in its directory that says so, and may be changed; None where its platform says so for good."""


def server_parameters(config: ServerConfig) -> BatchingParameters:
    """Return what holds for versions without a policy of their own."""
    return config.batching if config.enable_batching else BatchingParameters(policy=UNBATCHED)


def bounded(policy: BatchingPolicy, max_rows: int | None) -> BatchingPolicy:
    """Return the policy for a servable that lets at most so many rows be joined; None leaves it as it is.

    The static mode refuses requests beyond the size of its batches, so it gives way to the adaptive one, in which a
    larger request runs alone. A servable that asks for batches gets them even where the server has none.
    """
    largest = policy.max_execution_batch_size or policy.max_batch_size
    if max_rows is None or (policy != UNBATCHED and max_rows >= largest):
        return policy
    sizes = tuple(size for size in policy.allowed_batch_sizes if size <= max_rows)
    return replace(policy, is_adaptive=True, max_batch_size=max(max_rows, 1), allowed_batch_sizes=sizes)


class BatchingPolicies:
    """The policy of each version, noted when it is loaded. Thread-safe."""

    def __init__(self, parameters: BatchingParameters) -> None:
        """Begin with the server's parameters."""
        self._lock = threading.Lock()
        self._parameters = parameters
        self._own: dict[ServableId, OwnPolicy] = {}

    @property
    def parameters(self) -> BatchingParameters:
        """The server's parameters in force."""
        return self._parameters

    def set_parameters(self, parameters: BatchingParameters) -> None:
        """Put other parameters of the server in force."""
        self._parameters = parameters

    def note(self, id: ServableId, own: OwnPolicy) -> None:
        """Set what a version does not take from the server."""
        with self._lock:
            self._own[id] = own

    def renew(self, id: ServableId, old: OwnPolicy, new: OwnPolicy) -> None:
        """Set it anew, unless the version has gone or come again meanwhile."""
        with self._lock:
            if self._own.get(id) is old:
                self._own[id] = new

    def forget(self, id: ServableId) -> None:
        """Have a version take everything from the server again."""
        with self._lock:
            self._own.pop(id, None)

    def own(self) -> dict[ServableId, OwnPolicy]:
        """Return a copy of what versions have of their own."""
        with self._lock:
            return dict(self._own)

    def of(self, id: ServableId) -> BatchingPolicy:
        """Return the policy of a version."""
        own = self._own.get(id)
        return self._parameters.policy_of(id.name) if own is None else own.policy
