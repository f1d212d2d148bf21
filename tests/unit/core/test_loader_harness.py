import logging
import threading

import pytest

from salver.core.harness_state import HarnessState
from salver.core.ids import ServableId
from salver.core.loader_harness import LoaderHarness
from salver.core.retry import Backoff, RetryOptions
from salver.errors import (
    CancelledError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    UnimplementedError,
    UnknownError,
)
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_loader import FakeLoader

ID = ServableId("test", 0)


def requested(harness: LoaderHarness) -> LoaderHarness:
    harness.request_load()
    harness.approve_load()
    return harness


def retrying(num_retries: int, **kwargs) -> RetryOptions:
    return RetryOptions(max_num_retries=num_retries, wait=FakeClock().wait, **kwargs)


def test_walks_through_its_life():
    loader = FakeLoader()
    harness = LoaderHarness(ID, loader)
    states = [harness.state]
    for act in (harness.request_load, harness.approve_load, harness.load):
        act()
        states.append(harness.state)
    assert loader.servable == "servable"
    for act in (harness.request_unload, harness.start_quiescing, harness.finish_quiescing, harness.unload):
        act()
        states.append(harness.state)
    assert [state.value for state in states] == [
        "new", "load-requested", "load-approved", "ready", "unload-requested", "quiescing", "quiesced", "disabled",
    ]  # fmt: skip
    assert (loader.num_load_attempts, loader.num_unloads) == (1, 1)
    assert harness.error is None


def test_loader_is_told_the_id():
    ids = []

    class Loader(FakeLoader):
        def load_with_metadata(self, metadata):
            ids.append(metadata.id)
            super().load_with_metadata(metadata)

    requested(LoaderHarness(ID, Loader())).load()
    assert ids == [ID]


def test_load_error_is_kept_and_told():
    told = []
    harness = requested(
        LoaderHarness(ID, FakeLoader(num_failures=1), on_state=lambda h, state, error: told.append((state, error)))
    )
    with pytest.raises(UnknownError, match="the fake load failed"):
        harness.load()
    assert harness.state is HarnessState.ERROR
    assert harness.error == UnknownError("the fake load failed")
    assert told[-1] == (HarnessState.ERROR, UnknownError("the fake load failed"))


def test_external_error_is_kept_and_told():
    told = []
    harness = LoaderHarness(ID, None, on_state=lambda h, state, error: told.append((h.id, state, error)))
    harness.fail(InvalidArgumentError("broken"))
    assert harness.state is HarnessState.ERROR
    assert harness.error == InvalidArgumentError("broken")
    assert told == [(ID, HarnessState.ERROR, InvalidArgumentError("broken"))]


def test_second_load_request_fails_and_changes_nothing():
    harness = LoaderHarness(ID, FakeLoader())
    harness.request_load()
    with pytest.raises(FailedPreconditionError, match="Duplicate load request"):
        harness.request_load()
    assert harness.state is HarnessState.LOAD_REQUESTED


def test_second_unload_request_fails_and_changes_nothing():
    harness = requested(LoaderHarness(ID, FakeLoader()))
    harness.load()
    harness.request_unload()
    with pytest.raises(FailedPreconditionError, match="Servable not loaded, or unload already requested/ongoing"):
        harness.request_unload()
    assert harness.state is HarnessState.UNLOAD_REQUESTED


def test_unload_request_before_the_load_fails():
    harness = LoaderHarness(ID, FakeLoader())
    with pytest.raises(FailedPreconditionError, match="Servable not loaded"):
        harness.request_unload()


def test_illegal_act_raises_and_changes_nothing():
    loader = FakeLoader()
    harness = LoaderHarness(ID, loader)
    with pytest.raises(InternalError, match="Illegal request to transition from state new to loading"):
        harness.load()
    assert harness.state is HarnessState.NEW
    assert loader.num_load_attempts == 0


def test_additional_state_is_given_by_type():
    harness = LoaderHarness(ID, FakeLoader(), additional_state="text")
    assert harness.get_additional_state(str) == "text"
    assert harness.get_additional_state(int) is None
    assert LoaderHarness(ID, FakeLoader()).get_additional_state(str) is None


def test_retries_until_the_load_succeeds():
    loader = FakeLoader(num_failures=2)
    harness = requested(LoaderHarness(ID, loader, retry_options=retrying(2)))
    harness.load()
    assert harness.state is HarnessState.READY
    assert loader.num_load_attempts == 3


def test_fails_with_the_last_error_when_retries_are_used_up():
    loader = FakeLoader(num_failures=99)
    harness = requested(LoaderHarness(ID, loader, retry_options=retrying(2)))
    with pytest.raises(UnknownError):
        harness.load()
    assert harness.state is HarnessState.ERROR
    assert loader.num_load_attempts == 3


def test_cancel_ends_the_pause_between_attempts():
    is_pausing = threading.Event()

    def wait(event: threading.Event, timeout_s: float) -> bool:
        is_pausing.set()
        return event.wait(timeout_s)

    loader = FakeLoader(num_failures=99)
    harness = requested(
        LoaderHarness(ID, loader, retry_options=RetryOptions(backoff=Backoff(interval_s=3600), wait=wait))
    )

    def load() -> None:
        with pytest.raises(UnknownError):
            harness.load()

    thread = threading.Thread(target=load)
    thread.start()
    assert is_pausing.wait(10)
    harness.cancel_load()
    thread.join(10)
    assert harness.state is HarnessState.ERROR
    assert loader.num_load_attempts == 1


def test_load_that_succeeds_after_a_cancel_is_undone():
    told = []
    loader = FakeLoader()
    loader.load_gate.clear()
    harness = requested(LoaderHarness(ID, loader, on_state=lambda h, state, error: told.append((state, error))))
    errors = []

    def load() -> None:
        try:
            harness.load()
        except CancelledError as error:
            errors.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    assert loader.is_loading.wait(10)
    harness.cancel_load()
    loader.load_gate.set()
    thread.join(10)
    assert errors == [CancelledError("Loading of servable cancelled")]
    assert harness.state is HarnessState.DISABLED
    assert loader.num_unloads == 1
    assert [state for state, _ in told[-2:]] == [HarnessState.UNLOADING, HarnessState.DISABLED]
    assert told[-1][1] == CancelledError("Loading of servable cancelled")


def test_load_that_is_cancelled_before_it_begins_never_begins(caplog):
    loader = FakeLoader()
    harness = requested(LoaderHarness(ID, loader))
    harness.cancel_load()
    with pytest.raises(CancelledError):
        harness.load()
    assert loader.num_load_attempts == 0
    assert harness.state is HarnessState.ERROR
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_predicate_that_rejects_unknown_errors_does_not_undo_a_load_that_succeeded():
    # The reference asks the predicate about a made-up UNKNOWN error to learn of a cancel.
    harness = requested(
        LoaderHarness(
            ID, FakeLoader(), retry_options=retrying(2, should_retry=lambda error: not isinstance(error, UnknownError))
        )
    )
    harness.load()
    assert harness.state is HarnessState.READY


def test_error_that_is_not_to_be_retried_ends_the_load():
    loader = FakeLoader(num_failures=99, error=UnimplementedError("no"))
    harness = requested(
        LoaderHarness(
            ID, loader, retry_options=retrying(5, should_retry=lambda error: not isinstance(error, UnimplementedError))
        )
    )
    with pytest.raises(UnimplementedError):
        harness.load()
    assert loader.num_load_attempts == 1


def test_loader_that_exits_leaves_an_error_behind():
    harness = requested(LoaderHarness(ID, FakeLoader(num_failures=1, error=SystemExit(1))))  # type: ignore[arg-type]
    with pytest.raises(SystemExit):
        harness.load()
    assert harness.state is HarnessState.ERROR


def test_loader_without_servable_after_its_load_is_in_error():
    harness = requested(LoaderHarness(ID, FakeLoader(servable=None)))
    with pytest.raises(InternalError, match="has no servable after a successful load"):
        harness.load()
    assert harness.state is HarnessState.ERROR


def test_unload_that_raises_is_an_error_of_the_version():
    class Loader(FakeLoader):
        def unload(self):
            raise ValueError("stuck")

    harness = requested(LoaderHarness(ID, Loader()))
    harness.load()
    harness.request_unload()
    harness.start_quiescing()
    harness.finish_quiescing()
    with pytest.raises(UnknownError, match="ValueError: stuck"):
        harness.unload()
    assert harness.state is HarnessState.ERROR


def test_before_load_runs_once_before_the_first_attempt_and_its_failure_is_the_loads():
    calls = []
    loader = FakeLoader(num_failures=1)
    harness = requested(LoaderHarness(ID, loader, retry_options=retrying(1)))
    harness.load(lambda: calls.append(loader.num_load_attempts))
    assert calls == [0]

    harness = requested(LoaderHarness(ID, FakeLoader()))

    def refuse() -> None:
        raise InvalidArgumentError("not this one")

    with pytest.raises(InvalidArgumentError):
        harness.load(refuse)
    assert harness.state is HarnessState.ERROR


def test_listener_runs_before_the_state_is_visible():
    seen = []
    harness = LoaderHarness(ID, FakeLoader(), on_state=lambda h, state, error: seen.append((state, h.state)))
    harness.request_load()
    assert seen == [(HarnessState.LOAD_REQUESTED, HarnessState.NEW)]


@pytest.mark.parametrize("kind", ["load", "unload"])
def test_of_concurrent_requests_exactly_one_succeeds(kind):
    harness = LoaderHarness(ID, FakeLoader())
    if kind == "unload":
        requested(harness).load()
    request = harness.request_load if kind == "load" else harness.request_unload
    start = threading.Barrier(8)
    outcomes = []

    def ask() -> None:
        start.wait(10)
        try:
            request()
            outcomes.append("ok")
        except FailedPreconditionError:
            outcomes.append("refused")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == ["ok"] + ["refused"] * 7


def test_logs_one_line_for_each_event(caplog):
    caplog.set_level(logging.INFO)
    harness = requested(LoaderHarness(ID, FakeLoader()))
    harness.load()
    harness.request_unload()
    harness.start_quiescing()
    harness.finish_quiescing()
    harness.unload()
    assert [record.getMessage() for record in caplog.records] == [
        "Approving load for servable version {name: test version: 0}",
        "Loading servable version {name: test version: 0}",
        "Successfully loaded servable version {name: test version: 0}",
        "Quiescing servable version {name: test version: 0}",
        "Done quiescing servable version {name: test version: 0}",
        "Unloading servable version {name: test version: 0}",
        "Done unloading servable version {name: test version: 0}",
    ]
    assert {(record.model, record.version) for record in caplog.records} == {("test", 0)}


def test_logs_the_error(caplog):
    LoaderHarness(ID, None).fail(InvalidArgumentError("broken"))
    expected = "Encountered an error for servable version {name: test version: 0}: INVALID_ARGUMENT: broken"
    assert caplog.messages == [expected]


def test_error_that_is_kept_keeps_nothing_of_the_load_alive():
    harness = requested(LoaderHarness(ID, FakeLoader(num_failures=1, error=ValueError("half a model"))))
    with pytest.raises(UnknownError) as raised:
        harness.load()
    assert raised.value.__traceback__ is not None
    assert harness.error == raised.value
    assert (harness.error.__traceback__, harness.error.__context__) == (None, None)
