"""Profiling a model that serves, one at a time, past the scheduler.

Requests of clients go on meanwhile; a profile of a server under load measures what is left to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from salver.boundary import BatchingPolicy, Signature
from salver.core.ids import ServableId
from salver.core.manager import Manager
from salver.core.servable_request import ServableRequest
from salver.errors import (
    CancelledError,
    InvalidArgumentError,
    SalverError,
    UnavailableError,
    as_salver_error,
    error_from_code,
)
from salver.profile import Profile, ProfileRequest
from salver.records.made_inputs import BatchInputs, batch_inputs
from salver.records.request_form import RequestForm, request_forms
from salver.servables.servable import DEFAULT_SIGNATURE, max_batch_rows_of
from salver.server.batching_policies import bounded
from salver.server.model_metadata import signature_def_map
from salver.server.profiling.measurement import Measurement, Measurer
from salver.server.profiling.recorded_inputs import recorded_inputs, version_directory
from salver.server.runners import checked_outputs

USUAL_MAX_BATCH_SIZE = BatchingPolicy().max_batch_size
"""Largest batch tried of a model that does not batch yet."""
MAX_LIMIT_S = 120.0


class Profiler:
    """Profiles models, one at a time. Thread-safe."""

    def __init__(
        self,
        manager: Manager,
        *,
        policy_of: Callable[[ServableId], BatchingPolicy],
        base_path_of: Callable[[str], str | None],
        num_runners: int,
    ) -> None:
        """Make a profiler.

        Args:
            manager: Hands out the versions.
            policy_of: What the server has versions batch by.
            base_path_of: Where the versions of a model lie; None where that is nowhere.
            num_runners: Batches that the server runs at the same time.
        """
        self._manager = manager
        self._policy_of = policy_of
        self._base_path_of = base_path_of
        self._num_runners = num_runners
        self._lock = threading.Lock()
        """Held while a profile runs."""

    def profile(self, model: str, request: ProfileRequest, is_wanted: Callable[[], bool] = lambda: True) -> Profile:
        """Measure a version that serves; keeps it loaded meanwhile.

        Args:
            model: Its name.
            request: What to measure.
            is_wanted: Asked between two runs.

        Raises:
            NotFoundError: No such version serves.
            UnavailableError: Another profile runs.
            InvalidArgumentError: The request is wrong, or the model refuses the inputs.
            SalverError: The model fails.
        """
        _check(request)
        if not self._lock.acquire(blocking=False):
            raise UnavailableError("another profile runs on this server; ask again when it is over")
        try:
            with self._manager.get_servable_handle(ServableRequest(model, request.version)) as handle:
                return self._measured(handle.id, handle.servable, request, is_wanted)
        finally:
            self._lock.release()

    def _measured(
        self, id: ServableId, servable: Any, request: ProfileRequest, is_wanted: Callable[[], bool]
    ) -> Profile:
        forms = request_forms(signature_def_map(servable))
        signature = _chosen([form.required for form in forms.values()], request.signature, id)
        recorded = partial(self._recorded, id, signature, forms)
        inputs = batch_inputs(signature, request.inputs, recorded, request.length)
        policy = bounded(self._policy_of(id), max_batch_rows_of(servable))
        measurer = Measurer(
            run=partial(_run, servable, signature, inputs),
            limit_s=request.limit_s,
            num_runners=self._num_runners,
            is_wanted=is_wanted,
        )
        try:
            measured = measurer.measure(request.max_batch_size or _usual_size(policy))
        except CancelledError:
            raise
        except Exception as error:
            raise _told(as_salver_error(error), id, signature) from error
        return self._profile(id, signature, inputs, policy, measured)

    def _recorded(
        self, id: ServableId, signature: Signature, forms: Mapping[str, RequestForm]
    ) -> dict[str, Any] | None:
        base_path = self._base_path_of(id.name)
        directory = None if base_path is None else version_directory(base_path, id.version)
        return None if directory is None else recorded_inputs(directory, signature, forms)

    def _profile(
        self, id: ServableId, signature: Signature, inputs: BatchInputs, policy: BatchingPolicy, measured: Measurement
    ) -> Profile:
        return Profile(
            model=id.name,
            version=id.version,
            signature=signature.name,
            policy=policy,
            points=measured.points,
            num_runners=self._num_runners,
            sharing=measured.sharing,
            inputs=inputs.origins,
            notes=measured.notes,
        )


def _check(request: ProfileRequest) -> None:
    if not 0 < request.limit_s <= MAX_LIMIT_S:
        raise InvalidArgumentError(f"limit_s must be above 0 and at most {MAX_LIMIT_S:.0f}, got {request.limit_s:g}")
    for name, value in (("max_batch_size", request.max_batch_size), ("length", request.length)):
        if value is not None and value < 1:
            raise InvalidArgumentError(f"{name} must be 1 or more, got {value}")


def _usual_size(policy: BatchingPolicy) -> int:
    return policy.max_batch_size if policy.max_batch_size > 1 else USUAL_MAX_BATCH_SIZE


def _run(servable: Any, signature: Signature, inputs: BatchInputs, num_rows: int) -> None:
    answer = servable.run(signature.name, inputs.of_rows(num_rows))
    checked_outputs(answer, [info.name for info in signature.outputs], num_rows)


def _told(error: SalverError, id: ServableId, signature: Signature) -> SalverError:
    hint = "give inputs that it takes with --input NAME=FILE.npy, or the length of open dimensions with --length"
    return error_from_code(
        error.code, f"signature {signature.name} of {id.name} version {id.version} fails: {error.message} ({hint})"
    )


def _chosen(signatures: list[Signature], name: str | None, id: ServableId) -> Signature:
    by_name = {signature.name: signature for signature in signatures}
    runnable = [signature for signature in signatures if signature.inputs]
    if name is None and DEFAULT_SIGNATURE not in by_name and len(runnable) == 1:
        return runnable[0]
    chosen = by_name.get(name or DEFAULT_SIGNATURE)
    if chosen is None or not chosen.inputs:
        known = ", ".join(signature.name for signature in runnable) or "none"
        what = f"no signature {name or DEFAULT_SIGNATURE} with inputs"
        raise InvalidArgumentError(f"{id.name} version {id.version} has {what}; it has {known}")
    return chosen
