"""What is known of models and their versions, as documents of the admin API.

Everything is read where it is kept, without a lock over it all: a document is no snapshot of one moment, but each of
its values was true a moment ago.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from salver.admin.model import ModelDocument, Reason, SignatureDocument, TensorDocument, VersionDocument
from salver.admin.times import rfc3339
from salver.boundary import BatchingPolicy, BatchingReport, DataPlane
from salver.config.server_config import ModelConfig
from salver.core.ids import ServableId
from salver.core.resources import MAIN, RAM_IN_BYTES, ResourceAllocation
from salver.core.servable_state import ManagerState
from salver.core.servable_state_table import ServableStateAndTime
from salver.errors import NotFoundError, SalverError
from salver.server.admin.answers import document_text
from salver.server.admin.resting_models import Look, RestingModels, Traffic, total
from salver.server.model_fields import spec_fields
from salver.server.model_metadata import signature_def_map
from salver.server.server_core import ServerCore

_ON_THE_WAY = frozenset({ManagerState.START, ManagerState.LOADING})
_FEW = 16
"""So many models are asked for one by one: the batching of all takes its time where there are thousands."""
_OF_THE_PROGRAM: Mapping[str, Any] = {"base_path": "", "platform": "", "version_policy": {"all": {}}}


class ModelDocuments:
    """Makes documents of what serves. Thread-safe."""

    def __init__(self, core: ServerCore, plane: DataPlane, clock: Callable[[], float] = time.time) -> None:
        """Make documents of this server; `clock` gives seconds since the epoch."""
        self._core = core
        self._plane = plane
        self._clock = clock
        self._resting = RestingModels()

    def all(self, pattern: str = "*") -> list[ModelDocument]:
        """Return all models whose name fits a pattern, by name."""
        configured, names = self._core.configured.in_force.by_name, self._core.configured.names
        self._resting.keep_only(names)
        wanted = sorted(names if pattern == "*" else (name for name in names if fnmatchcase(name, pattern)))
        if len(wanted) <= _FEW:
            return [self.model(name) for name in wanted]
        counts = _request_counts(self._plane.batching_report())
        return [self._model(name, configured.get(name), counts) for name in wanted]

    def model(self, name: str) -> ModelDocument:
        """Return one model; the caller knows that there is one of this name, or was."""
        configured = self._core.configured.in_force.by_name.get(name)
        return self._model(name, configured, _request_counts(self._plane.batching_report(name)))

    def version(self, name: str, version: int) -> VersionDocument:
        """Return one version of a model, with its signatures while it serves.

        Raises:
            NotFoundError: The model has none of this number.
        """
        states = self._states(name)
        found = next((one for one in states if one.state.id.version == version), None)
        if found is None:
            known = ", ".join(str(one.state.id.version) for one in states) or "none"
            raise NotFoundError(f"There is no version {version} of model {name}; there is: {known}")
        counts = _request_counts(self._plane.batching_report(name))
        labels = self._core.table.labels_of(name)
        document = self._version(found, labels, self._core.table.num_in_flight(found.state.id), counts)
        signatures = self._signatures(name, version) if document.state == ManagerState.AVAILABLE.name else None
        return _with_signatures(document, signatures)

    def text(self, document: ModelDocument) -> str:
        """Return the JSON of a document that came from here."""
        return self._resting.text(document, document_text)

    def _model(self, name: str, config: ModelConfig | None, counts: Mapping[ServableId, int]) -> ModelDocument:
        states = self._states(name)
        ids = [one.state.id for one in states]
        look = Look(
            config=config,
            states=states,
            source_error=self._core.monitor.get_source_error(name),
            labels=self._core.table.labels_of(name),
            policy=self._policy(name, ids),
        )
        traffic = Traffic(
            in_flight=tuple(map(self._core.table.num_in_flight, ids)), requests=tuple(map(counts.get, ids))
        )
        return self._resting.document(name, look, traffic, lambda: self._made(name, look, traffic, counts))

    def _made(self, name: str, look: Look, traffic: Traffic, counts: Mapping[ServableId, int]) -> ModelDocument:
        versions = [
            self._version(found, look.labels, in_flight, counts)
            for found, in_flight in zip(look.states, traffic.in_flight, strict=True)
        ]
        config, error = look.config, look.source_error
        status = _status(versions, error, lambda: self._core.acts.is_settled(name))
        spec = {"name": name, **_OF_THE_PROGRAM} if config is None else spec_fields(config)
        return ModelDocument(
            **spec,
            source="program" if config is None else "config",
            is_pinned=config is not None and config.policy_before_pin is not None,
            status=status,
            reason=_reason_of_model(() if status == ManagerState.AVAILABLE.name else versions, error),
            memory_bytes=total([one.memory_bytes for one in versions]),
            num_in_flight=total(traffic.in_flight),
            batching=_mode(look.policy),
            versions=tuple(versions),
        )

    def _policy(self, name: str, ids: Iterable[ServableId]) -> BatchingPolicy:
        serving = map(self._core.table.batching_of, ids)
        policy = next((one for one in serving if one is not None), None)
        return policy or self._core.batching.parameters.policy_of(name)

    def _states(self, name: str) -> tuple[ServableStateAndTime, ...]:
        """Those of the versions that are managed, highest first; versions that are gone are not told of."""
        manager = self._core.manager
        states = self._core.monitor.get_version_states(name).values()
        return tuple(found for found in states if not found.has_ended or manager.is_managed(found.state.id))

    def _version(
        self,
        found: ServableStateAndTime,
        labels: Mapping[str, int],
        num_in_flight: int | None,
        counts: Mapping[ServableId, int],
    ) -> VersionDocument:
        state, id = found.state, found.state.id
        failed = self._core.manager.get_failed_loads(id)
        retry_s = failed.next_retry_s
        return VersionDocument(
            version=id.version,
            state=state.manager_state.name,
            since=rfc3339(found.time_s),
            reason=None if state.error is None else _reason(state.error),
            labels=tuple(label for label, version in labels.items() if version == id.version),
            memory_bytes=_ram(self._core.manager.get_resource_estimate(id)),
            load_s=self._core.manager.get_load_s(id),
            num_in_flight=num_in_flight,
            num_requests=counts.get(id),
            num_failed_loads=failed.num_failures,
            next_retry_at=None if retry_s is None else rfc3339(self._clock() + retry_s),
        )

    def _signatures(self, name: str, version: int) -> dict[str, SignatureDocument] | None:
        try:
            _, servable = self._core.table.resolve(name, version, None)
            return _signature_documents(signature_def_map(servable))
        except SalverError:
            return None  # it went, or has none


def _status(versions: Iterable[VersionDocument], error: SalverError | None, is_looked_at: Callable[[], bool]) -> str:
    states = {ManagerState[one.state] for one in versions}
    if ManagerState.AVAILABLE in states:
        return "AVAILABLE"
    if states & _ON_THE_WAY:
        return "LOADING"
    if error is not None or ManagerState.END in states:
        return "FAILED"
    if ManagerState.UNLOADING in states:
        return "UNLOADING"
    return "EMPTY" if is_looked_at() else "LOADING"


def _reason_of_model(versions: Iterable[VersionDocument], error: SalverError | None) -> Reason | None:
    found = next((one.reason for one in versions if one.reason is not None), None)
    return found or (None if error is None else _reason(error))


def _reason(error: SalverError) -> Reason:
    return Reason(code=error.code.name, message=error.message)


def _ram(estimate: ResourceAllocation | None) -> int | None:
    """The memory of the host, on whichever of its instances; None where there is no word of it."""
    if estimate is None:
        return None
    found = [quantity for one, quantity in estimate.items() if (one.device, one.kind) == (MAIN, RAM_IN_BYTES)]
    return sum(found) if found else None


def _mode(policy: BatchingPolicy) -> str:
    return BatchingReport(model="", version=0, signature="", policy=policy).mode


def _request_counts(reports: Iterable[BatchingReport]) -> dict[ServableId, int]:
    counts: dict[ServableId, int] = {}
    for report in reports:
        id = ServableId(report.model, report.version)
        counts[id] = counts.get(id, 0) + report.num_requests
    return counts


def _with_signatures(found: VersionDocument, signatures: Mapping[str, SignatureDocument] | None) -> VersionDocument:
    return replace(found, signatures=signatures)


def _signature_documents(packed: bytes) -> dict[str, SignatureDocument]:
    from salver import wire

    signatures = wire.SignatureDefMap.FromString(packed).signature_def
    return {
        name: SignatureDocument(
            method=entry.method_name,
            inputs={key: _tensor(info) for key, info in sorted(entry.inputs.items())},
            outputs={key: _tensor(info) for key, info in sorted(entry.outputs.items())},
        )
        for name, entry in sorted(signatures.items())
    }


def _tensor(info: Any) -> TensorDocument:
    shape = info.tensor_shape
    dims = None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)
    return TensorDocument(dtype=_dtype_name(info), shape=dims)


def _dtype_name(info: Any) -> str:
    values = info.DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_number
    return str(values[info.dtype].name) if info.dtype in values else str(info.dtype)
