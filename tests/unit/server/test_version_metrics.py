"""What is told of each version."""

from __future__ import annotations

from salver.core.ids import ServableId
from salver.core.resources import GPU, MAIN, PROCESSING_IN_MILLICORES, RAM_IN_BYTES, Resource, ResourceAllocation
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_table import ServableStateAndTime
from salver.errors import CancelledError, NotFoundError
from salver.server.version_metrics import VersionMetrics

ID = ServableId("m", 3)


def told(metrics):
    return {
        (family.name.removeprefix("salver_model_"), *series.labels): series.value
        for family in metrics.snapshot()
        for series in family.series
    }


def live(metrics, *states, id=ID):
    """Let a version pass through these states, one a second."""
    for second, (state, error) in enumerate(states):
        metrics.on_state(ServableStateAndTime(ServableState(id, state, error), 100.0 + second))


LOADED = ((ManagerState.START, None), (ManagerState.LOADING, None), (ManagerState.AVAILABLE, None))


def test_a_load_is_told_with_what_the_manager_says_it_took_and_its_warm_up():
    metrics = VersionMetrics(dict, lambda: {ID: 1.5})

    live(metrics, *LOADED[:2])
    metrics.note_warmup(ID, 0.25)
    live(metrics, LOADED[2])

    assert told(metrics) == {
        ("loads_total", "m", "OK"): 1,
        ("load_seconds", "m", "3"): 1.5,
        ("warmup_seconds", "m", "3"): 0.25,
    }


def test_a_version_that_is_gone_is_counted_and_no_longer_told_of():
    metrics = VersionMetrics(dict, dict)

    live(metrics, *LOADED, (ManagerState.UNLOADING, None), (ManagerState.END, None))
    metrics.note_warmup(ID, 0.25)

    assert told(metrics) == {("loads_total", "m", "OK"): 1}


def test_loads_that_fail_are_counted_by_code_and_versions_that_never_began_are_not():
    metrics = VersionMetrics(dict, dict)

    for version, error in enumerate((NotFoundError("no file"), CancelledError("no longer wanted"))):
        live(metrics, *LOADED[:2], (ManagerState.END, error), id=ServableId("m", version))
    live(metrics, (ManagerState.END, NotFoundError("no directory")), id=ServableId("m", 9))

    assert told(metrics) == {("loads_total", "m", "NOT_FOUND"): 1, ("loads_total", "m", "CANCELLED"): 1}


def test_a_version_occupies_memory_of_all_devices():
    estimate = ResourceAllocation(
        {
            Resource(MAIN, RAM_IN_BYTES): 5,
            Resource(GPU, RAM_IN_BYTES, 0): 7,
            Resource(MAIN, PROCESSING_IN_MILLICORES): 1,
        }
    )

    metrics = VersionMetrics(lambda: {ID: estimate}, dict)

    assert told(metrics) == {("memory_bytes", "m", "3"): 12}
