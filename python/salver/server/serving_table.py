"""The manager's serving table, kept in the data plane.

The manager publishes which versions serve; the server adds labels and the reasons why a model does not. Each change
becomes one whole table for the data plane. A version has one target for as long as it serves, so that its queues and
pins outlive the tables it appears in.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

from salver.boundary import UNBATCHED, BatchingPolicy, DataPlane, ModelRow, Signature, Target, TargetSpec
from salver.core.ids import ServableId
from salver.core.serving_map import ServingSnapshot
from salver.errors import InvalidArgumentError, NotFoundError, SalverError, as_salver_error, without_traceback
from salver.servables.servable import Servable, is_servable, max_batch_rows_of
from salver.server.batching_policies import bounded
from salver.server.labels import Labels, labels_in_effect

logger = logging.getLogger(__name__)

_LAST_RUNS_S = 10.0
"""How long what is replayed may hold its version once nobody waits for it any more."""

Reason: TypeAlias = SalverError
"""Why no version of a model serves, as its clients get to know it."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What was made of one published version."""

    servable: object
    target: Target | None
    error: SalverError | None
    """Why there is no target."""
    batching: BatchingPolicy = UNBATCHED
    """What the target was last told."""


def _keep_apart(_: ServableId) -> BatchingPolicy:
    return UNBATCHED


class DataPlaneServingTable:
    """`salver.core.serving_map.ServingTable` over a data plane. Thread-safe."""

    def __init__(self, plane: DataPlane, *, batching: Callable[[ServableId], BatchingPolicy] = _keep_apart) -> None:
        """Make a table for this data plane.

        Args:
            plane: Where to publish.
            batching: Says how the requests to a version are joined, where it sets no bounds itself.
        """
        self._plane = plane
        self._batching = batching
        self._lock = threading.Lock()
        """Guards all below, and that the plane sees the tables in order."""
        self._entries: dict[str, dict[int, _Entry]] = {}
        """By model name and version; no name without a version."""
        self._taken_in: Mapping[str, Mapping[int, object]] = {}
        """What they were made of: the models of the latest snapshot, where what did not change is the same."""
        self._unpublished: dict[Target, tuple[ServableId, object]] = {}
        """Servables that something runs before they are published."""
        self._retired: dict[ServableId, Target] = {}
        self._wanted_labels: dict[str, Labels] = {}
        self._labels: dict[str, dict[str, int]] = {}
        self._reasons: dict[str, Reason] = {}
        self._rows: dict[str, ModelRow] = {}
        """What the data plane has; a change makes new rows for the models it concerns alone."""
        self._is_closed = False

    # --- For the manager

    def publish(self, snapshot: ServingSnapshot) -> None:
        """See `ServingTable.publish`."""
        with self._lock:
            self._publish(self._take_in(snapshot))

    def wait_until_released(self, id: ServableId, timeout_s: float) -> bool:
        """See `ServingTable.wait_until_released`."""
        with self._lock:
            target = self._retired.get(id)
        if target is None:
            return True
        if not target.wait_until_released(timeout_s):
            return False
        with self._lock:
            if self._retired.get(id) is target:
                del self._retired[id]
        return True

    # --- For the server

    def set_labels(self, labels: Mapping[str, Labels]) -> None:
        """Replace the labels of all models, by model name."""
        with self._lock:
            before = self._wanted_labels
            self._wanted_labels = {name: dict(wanted) for name, wanted in labels.items() if wanted}
            self._publish({*before, *self._wanted_labels})

    def set_reasons(self, reasons: Mapping[str, Reason | None]) -> None:
        """Set what is answered while no version of these models serves; None is NOT_FOUND."""
        with self._lock:
            changed = {name: reason for name, reason in reasons.items() if reason != self._reasons.get(name)}
            for name, reason in changed.items():
                if reason is None:
                    del self._reasons[name]
                else:
                    self._reasons[name] = reason
            if changed:
                self._publish(changed)

    def labels_of(self, name: str) -> Mapping[str, int]:
        """Return what each label of this model names now."""
        with self._lock:
            return dict(self._labels.get(name, {}))

    def batching_of(self, id: ServableId) -> BatchingPolicy | None:
        """Return how the requests to this version are joined; None while it does not serve."""
        with self._lock:
            entry = self._entries.get(id.name, {}).get(id.version)
        return None if entry is None or entry.target is None else entry.batching

    def num_in_flight(self, id: ServableId) -> int | None:
        """Return how many requests have this version now, also on its way out; None where it takes none."""
        with self._lock:
            entry = self._entries.get(id.name, {}).get(id.version)
            target = self._retired.get(id) if entry is None else entry.target
        return None if target is None else target.num_pins

    def total_in_flight(self) -> int:
        """Return how many requests have any version now, also on its way out."""
        with self._lock:
            serving = [entry.target for versions in self._entries.values() for entry in versions.values()]
            targets = [*filter(None, serving), *self._retired.values()]
        return sum(target.num_pins for target in targets)

    def update_batching(self) -> list[ServableId]:
        """Ask again how requests are joined, tell the versions that serve, and return those for which it changed."""
        with self._lock:
            changed = []
            for name, versions in self._entries.items():
                for version, entry in versions.items():
                    policy = self._policy_of(ServableId(name, version), entry.servable)
                    if entry.target is not None and policy != entry.batching:
                        entry.target.set_batching(policy)
                        versions[version] = replace(entry, batching=policy)
                        changed.append(ServableId(name, version))
            return changed

    def resolve(self, name: str, version: int | None, label: str | None) -> tuple[int, object]:
        """Return version and servable that a request for this model would get.

        Raises:
            InvalidArgumentError: No such label.
            NotFoundError: No such version serves.
            SalverError: Set by `set_reasons`.
        """
        with self._lock:
            return self._resolve(name, version, label)

    @contextmanager
    def unpublished_target(self, id: ServableId, servable: object) -> Iterator[Target]:
        """Give a target that no request finds, like the one that this servable will get when it is published.

        At the end what still runs has a moment to end; a run that hangs is left behind, and keeps nothing loaded.

        Raises:
            InvalidArgumentError: The servable cannot be called over the wire.
        """
        target = self._new_target(id, servable, self._policy_of(id, servable))
        with self._lock:
            self._unpublished[target] = (id, servable)
        try:
            yield target
        finally:
            # What was answered may still be on its way out of its runner; what was given up may run on.
            if not target.wait_until_released(_LAST_RUNS_S):
                logger.warning("A replayed request of %s still runs after %g s; it is left behind", id, _LAST_RUNS_S)
            with self._lock:
                del self._unpublished[target]

    def name_of(self, servable: object) -> str:
        """Return the name and version of which this is the servable, for the log; all of several."""
        with self._lock:
            ids = [
                ServableId(name, version)
                for name, versions in self._entries.items()
                for version, entry in versions.items()
                if entry.servable is servable
            ]
            ids += [id for id, unpublished in self._unpublished.values() if unpublished is servable]
        return ", ".join(map(str, dict.fromkeys(ids))) or type(servable).__name__

    def close(self) -> None:
        """Take every version out of the data plane and publish nothing more. Idempotent."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._plane.publish([])

    # --- Inside, under the lock

    def _take_in(self, snapshot: ServingSnapshot) -> list[str]:
        """Keep what the snapshot holds and return the names of the models that changed."""
        changed = [name for name in self._entries if name not in snapshot.models]
        before = self._taken_in
        changed += [name for name, versions in snapshot.models.items() if before.get(name) is not versions]
        self._taken_in = snapshot.models
        for name in changed:
            old = self._entries.pop(name, {})
            new = self._new_entries(name, snapshot.models.get(name, {}), old)
            if new:
                self._entries[name] = new
            for version, entry in old.items():
                if entry.target is not None and new.get(version) is not entry:
                    self._retired[ServableId(name, version)] = entry.target
        return changed

    def _new_entries(self, name: str, versions: Mapping[int, object], old: Mapping[int, _Entry]) -> dict[int, _Entry]:
        return {
            version: old[version]
            if version in old and old[version].servable is servable
            else self._make_entry(ServableId(name, version), servable)
            for version, servable in versions.items()
        }

    def _make_entry(self, id: ServableId, servable: object) -> _Entry:
        try:
            policy = self._policy_of(id, servable)
            return _Entry(servable, self._new_target(id, servable, policy), None, policy)
        except Exception as error:  # noqa: BLE001  # a user's object may raise anything; its clients are told
            reason = without_traceback(as_salver_error(error))
            logger.warning("Servable %s cannot be called over the wire: %s", id, reason.message)
            return _Entry(servable, None, reason)

    def _new_target(self, id: ServableId, servable: object, policy: BatchingPolicy) -> Target:
        return self._plane.new_target(target_spec(id, servable, policy))

    def _policy_of(self, id: ServableId, servable: object) -> BatchingPolicy:
        return bounded(self._batching(id), max_batch_rows_of(servable))

    def _publish(self, changed: Iterable[str]) -> None:
        for name in changed:
            self._update_row(name)
        if not self._is_closed:
            self._plane.publish(list(self._rows.values()))

    def _update_row(self, name: str) -> None:
        versions = self._entries.get(name, {})
        wanted = self._wanted_labels.get(name)
        if wanted is None:
            self._labels.pop(name, None)
        else:
            self._labels[name] = labels_in_effect(wanted, self._labels.get(name, {}), versions)
        if versions or wanted is not None or name in self._reasons:
            self._rows[name] = self._row(name, versions)
        else:
            self._rows.pop(name, None)

    def _row(self, name: str, versions: Mapping[int, _Entry]) -> ModelRow:
        targets = [entry.target for _, entry in sorted(versions.items()) if entry.target is not None]
        error = self._reasons.get(name)
        for entry in versions.values():
            error = entry.error or error
        unavailable = None if targets or error is None else (int(error.code), error.message)
        return ModelRow(name, targets, self._labels.get(name, {}), unavailable)

    def _resolve(self, name: str, version: int | None, label: str | None) -> tuple[int, object]:
        if label is not None:
            version = self._labels.get(name, {}).get(label)
            if version is None:
                raise InvalidArgumentError(f"Unrecognized servable version label: {label} (of model {name})")
        wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
        if version is None:
            version = max(self._entries.get(name, ()), default=None)
        entry = None if version is None else self._entries.get(name, {}).get(version)
        if version is None or entry is None:
            raise self._reasons.get(name) or NotFoundError(f"Servable not found for request: {wanted}")
        return version, entry.servable


def target_spec(id: ServableId, servable: object, batching: BatchingPolicy = UNBATCHED) -> TargetSpec:
    """Say how the data plane is to call this servable.

    Raises:
        InvalidArgumentError: It offers neither a native model nor `salver.servables.servable.Servable`, or one of its
            signatures has a type that tensors cannot have.
    """
    model = getattr(servable, "native_model", None)
    if model is not None:
        return TargetSpec(name=id.name, version=id.version, model=model, batching=batching)
    if not is_servable(servable):
        raise InvalidArgumentError(
            f"Servable {id} is a {type(servable).__name__}, which has no signatures and cannot be called over the wire"
        )
    signatures = signatures_of(servable)
    return TargetSpec(name=id.name, version=id.version, signatures=signatures, servable=servable, batching=batching)


def signatures_of(servable: Servable) -> tuple[Signature, ...]:
    """Return the signatures of a Python servable as the boundary knows them, sorted by name."""
    return tuple(spec.as_signature(name) for name, spec in sorted(servable.signatures.items()))
