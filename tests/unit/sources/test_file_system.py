import contextlib
import logging
import os
import threading
import time

import pytest

from salver.core.source import connect
from salver.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    SalverError,
    UnavailableError,
    UnimplementedError,
)
from salver.sources.file_system import FileSystemSource
from salver.sources.file_system_config import FileSystemSourceConfig
from salver.sources.settling import SettlingOptions
from salver.sources.version_policy import All, Latest, Specific
from salver.sources.version_scan import FileSystemServable
from salver.testing.fake_clock import FakeClock
from salver.testing.model_directory import ModelDirectory
from salver.testing.sources import FakeTarget

NEVER = -1.0


class World:
    """A source that is polled by hand, a target that records, base paths by model name, and a clock that starts now."""

    def __init__(self, root, *names, policy=None, **options):
        self.root = str(root)
        self.clock = FakeClock(time.time())
        self.options = {"poll_wait_s": NEVER, "settling": None, **options}
        self.reports = []
        self.target = FakeTarget[str]()
        self.servables = tuple(self.servable(name, policy or Latest()) for name in names)
        self.source = FileSystemSource(
            self.config(), on_poll_result=lambda *report: self.reports.append(report), clock=self.clock
        )

    def connect(self):
        connect(self.source, self.target)
        return self

    def config(self, *servables, **options):
        return FileSystemSourceConfig(servables=servables or self.servables, **{**self.options, **options})

    def servable(self, name, policy=None, base=None):
        base_path = os.path.join(self.root, base or name)
        return FileSystemServable(name=name, base_path=base_path, policy=policy or Latest())

    def models(self, name="m"):
        return ModelDirectory(os.path.join(self.root, name))

    def poll(self):
        """Poll and return what was emitted: versions by name, in order of emission."""
        self.source.poll_once()
        return self.taken()

    def taken(self):
        return [(name, sorted(item.id.version for item in items)) for name, items in self.target.take_calls()]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, "m").connect()


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# --- What is emitted


def test_emits_the_highest_version_with_its_path(world):
    models = world.models()
    models.add(3)
    models.add(10)
    world.source.poll_once()
    [(name, [item])] = world.target.calls
    assert (name, str(item.id), item.data) == ("m", "{name: m version: 10}", f"{models.path}/10")


def test_emits_the_empty_list_first_and_versions_as_they_appear(world):
    models = world.models()
    assert world.poll() == [("m", [])]
    models.add(3)
    assert world.poll() == [("m", [3])]
    models.add(5)
    assert world.poll() == [("m", [5])]


def test_does_not_repeat_a_list(world):
    world.models().add(3)
    assert world.poll() == [("m", [3])]
    assert world.poll() == []


@pytest.mark.parametrize(
    ("policy", "emitted"),
    [
        (None, [[1], [2], [3], [4]]),
        (Latest(0), [[1], [2], [3], [4]]),
        (Latest(2), [[1], [1, 2], [2, 3], [3, 4]]),
        (All(), [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]),
        (Specific((2, 4)), [[], [2], [2, 4]]),
    ],
)
def test_follows_the_policy(tmp_path, policy, emitted):
    world = World(tmp_path, "m", policy=policy).connect()
    seen = []
    for version in (1, 2, 3, 4):
        world.models().add(version)
        seen += [versions for _, versions in world.poll()]
    assert seen == emitted


def test_all_versions_at_the_same_time(tmp_path):
    world = World(tmp_path, "m", policy=All()).connect()
    world.models().add(1)
    world.models().add(20170111173521)
    assert world.poll() == [("m", [1, 20170111173521])]


def test_specific_versions_may_have_leading_zeros_on_disk(tmp_path):
    world = World(tmp_path, "m", policy=Specific((1, 7))).connect()
    for child in ("00001", "2", "7"):
        world.models().add(child)
    world.source.poll_once()
    [(_, items)] = world.target.calls
    assert sorted(item.data for item in items) == [f"{world.models().path}/00001", f"{world.models().path}/7"]


def test_no_specific_versions_emit_the_empty_list(tmp_path, caplog):
    world = World(tmp_path, "m", policy=Specific(())).connect()
    world.models().add(1)
    assert world.poll() == [("m", [])]
    assert warnings(caplog) == ["No specific versions requested for servable m."]


def test_absent_specific_version_is_warned_of(tmp_path, caplog):
    world = World(tmp_path, "m", policy=Specific((1, 2))).connect()
    world.models().add(1)
    assert world.poll() == [("m", [1])]
    expected = (
        "Version 2 of servable m, which was requested to be served as a 'specific' version in the servable's version "
        "policy, was not found in the file system"
    )
    assert warnings(caplog) == [expected]


def test_one_call_for_each_servable(tmp_path):
    world = World(tmp_path, "a", "b").connect()
    world.models("a").add(1)
    world.models("b").add(2)
    assert world.poll() == [("a", [1]), ("b", [2])]
    world.models("b").add(3)
    assert world.poll() == [("b", [3])]


def test_deleted_version_is_unaspired_and_the_one_before_comes_back(world):
    world.models().add(1)
    world.models().add(2)
    assert world.poll() == [("m", [2])]
    world.models().remove(2)
    assert world.poll() == [("m", [1])]
    world.models().remove(1)
    assert world.poll() == [("m", [])]


def test_version_renamed_to_a_word_is_unaspired(world):
    world.models().add(1)
    assert world.poll() == [("m", [1])]
    world.models().rename(1, "1-retired")
    assert world.poll() == [("m", [])]


@pytest.mark.parametrize("policy", [Latest(), All(), Specific((1,))])
def test_duplicates_of_a_number_are_one_version(tmp_path, policy, caplog):
    world = World(tmp_path, "m", policy=policy).connect()
    for child in ("001", "0001", "00001"):
        world.models().add(child)
    world.source.poll_once()
    [(_, [item])] = world.target.calls
    assert (item.id.version, item.data) == (1, f"{world.models().path}/001")
    assert warnings(caplog) == [
        "Duplicate version directories detected. Version 1 will be loaded from 001, 00001, 0001 will be ignored."
    ]


def test_plain_decimal_name_wins_over_leading_zeros(world, caplog):
    world.models().add("1")
    world.models().add("001")
    world.source.poll_once()
    assert world.target.calls[0][1][0].data == f"{world.models().path}/1"
    assert warnings(caplog) == [
        "Duplicate version directories detected. Version 1 will be loaded from 1, 001 will be ignored."
    ]


def test_names_that_are_no_versions_are_ignored_in_silence(world, caplog):
    world.models().add(1)
    for child in ("-2", "tmp-3", ".4", "9223372036854775808", "assets"):
        world.models().add(child)
    with open(os.path.join(world.models().path, "5"), "w", encoding="utf-8"):
        pass
    assert world.poll() == [("m", [1])]
    assert warnings(caplog) == []


def test_list_that_the_target_refused_is_emitted_again(tmp_path, caplog):
    is_broken = True

    def on_call(name, versions):
        if is_broken:
            raise ValueError("target broken")

    world = World(tmp_path, "a", "b")
    world.target = FakeTarget(on_call)
    world.connect()
    world.models("a").add(1)
    world.models("b").add(1)
    assert world.poll() == []
    assert caplog.text.count("target broken") == 4  # message and traceback, for each of both
    is_broken = False
    assert world.poll() == [("a", [1]), ("b", [1])]


# --- Base paths


def test_base_path_without_versions_is_warned_of_once(world, caplog):
    path = world.models().path
    for _ in range(3):
        world.poll()
    expected = (
        f"No versions of servable m found under base path {path}. Did you forget to name your leaf directory as a "
        "number (eg. '/1/')?"
    )
    assert warnings(caplog) == [expected]
    world.models().add(1)
    world.poll()
    world.models().remove(1)
    world.poll()
    assert len(warnings(caplog)) == 2


def test_missing_base_path_affects_that_servable_alone(tmp_path):
    world = World(tmp_path, "missing", "good").connect()
    world.models("good").add(1)
    assert world.poll() == [("good", [1])]
    world.models("good").add(2)
    assert world.poll() == [("good", [2])]


def test_base_path_that_appears_later_is_picked_up(world):
    assert world.poll() == []
    world.models().add(1)
    assert world.poll() == [("m", [1])]


def test_base_path_that_goes_away_unloads_nothing(world, caplog):
    world.models().add(1)
    assert world.poll() == [("m", [1])]
    world.models().remove_all()
    for _ in range(3):
        assert world.poll() == []
    [warning] = warnings(caplog)
    assert warning.startswith(f"Could not find base path {world.root}/m for servable m with error [Errno 2]")
    world.models().add(1)
    assert world.poll() == []
    world.models().add(2)
    assert world.poll() == [("m", [2])]


def test_log_tells_what_is_aspired_from_where_and_when_a_base_path_is_back(world, caplog):
    caplog.set_level(logging.INFO)
    models = world.models()
    models.add(3)
    world.poll()
    world.poll()
    os.rename(models.path, f"{models.path}-gone")
    world.poll()
    os.rename(f"{models.path}-gone", models.path)
    world.poll()
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.INFO] == [
        f"Versions [3] of servable m are aspired, from {models.path}/3",
        f"Base path {models.path} of servable m is in order again",
    ]


def test_base_path_that_is_a_file_keeps_the_last_list(world):
    world.models().add(1)
    assert world.poll() == [("m", [1])]
    world.models().remove_all()
    with open(os.path.join(world.root, "m"), "w", encoding="utf-8"):
        pass
    assert world.poll() == []
    assert world.source.status("m").error == NotFoundError("The base path of servable m is not a directory")


@contextlib.contextmanager
def failing_listing(monkeypatch, error):
    with monkeypatch.context() as patch:
        patch.setattr("salver.sources.version_scan.list_versions", _raise(error))
        yield


def _raise(error):
    def fail(*args, **options):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (
            PermissionError(13, "Permission denied"),
            PermissionDeniedError("The base path of servable m may not be read"),
        ),
        (
            OSError(5, "Input/output error"),
            UnavailableError("The base path of servable m cannot be read: Input/output error"),
        ),
    ],
)
def test_unreadable_base_path_keeps_the_last_list(world, monkeypatch, error, status):
    world.models().add(1)
    assert world.poll() == [("m", [1])]
    with failing_listing(monkeypatch, error):
        assert world.poll() == []
        assert world.source.status("m").error == status
        assert world.source.status("m").aspired == (1,)
    assert world.poll() == []
    assert world.source.status("m").error is None


def test_fault_in_the_scan_itself_affects_that_servable_alone(tmp_path, monkeypatch):
    world = World(tmp_path, "a", "b").connect()
    world.models("a").add(1)
    world.models("b").add(1)
    from salver.sources import watched_stream

    scan = watched_stream.scan_versions
    monkeypatch.setattr(
        watched_stream,
        "scan_versions",
        lambda servable, *rest: 1 / 0 if servable.name == "a" else scan(servable, *rest),
    )
    assert world.poll() == [("b", [1])]
    assert "ZeroDivisionError" in str(world.source.status("a").error)


def test_always_present_refuses_to_unload_the_last_version(tmp_path, caplog):
    world = World(tmp_path, "m", always_present=True).connect()
    world.models().add(1)
    assert world.poll() == [("m", [1])]
    world.models().remove(1)
    assert world.poll() == []
    assert world.poll() == []
    assert warnings(caplog).count("Refusing to unload all versions for Servable: m") == 1
    world.models().add(2)
    assert world.poll() == [("m", [2])]


# --- Status


def test_status_is_unknown_before_the_first_poll(world):
    assert world.source.status("m") is None
    assert world.source.status("other") is None


def test_status_tells_versions_and_reason(world):
    world.poll()
    status = world.source.status("m")
    assert (status.aspired, status.time_s) == ((), world.clock())
    assert status.error == NotFoundError("The base path of servable m does not exist")
    world.models()
    world.poll()
    assert world.source.status("m").error == NotFoundError("No versions of servable m are in its base path")
    world.models().add(1)
    world.poll()
    status = world.source.status("m")
    assert (status.aspired, status.unsettled, status.error, status.is_undecided) == ((1,), (), None, False)


def test_status_of_absent_specific_versions(tmp_path):
    world = World(tmp_path, "m", policy=Specific((7,))).connect()
    world.models().add(1)
    world.poll()
    expected = NotFoundError("None of the requested versions of servable m is in its base path")
    assert world.source.status("m").error == expected


def test_status_of_a_base_path_that_is_a_uri(tmp_path):
    servable = FileSystemServable(name="m", base_path="s3://bucket/m")
    source = FileSystemSource(FileSystemSourceConfig(servables=(servable,), poll_wait_s=NEVER))
    connect(source, FakeTarget())
    source.poll_once()
    expected = UnimplementedError("The base path of servable m is a s3 URI; only local paths can be read")
    assert source.status("m").error == expected


def test_results_are_reported_when_they_change(world):
    missing = NotFoundError("The base path of servable m does not exist")
    for _ in range(2):
        world.poll()
    assert world.reports == [("m", missing)]
    world.models().add(1)
    for _ in range(2):
        world.poll()
    assert world.reports == [("m", missing), ("m", None)]


def test_report_follows_the_emission(tmp_path):
    order = []
    world = World(tmp_path, "m")
    world.target = FakeTarget(lambda *_: order.append("emitted"))
    world.source._on_poll_result = lambda *_: order.append("reported")
    world.connect()
    world.models().add(1)
    world.poll()
    assert order == ["emitted", "reported"]


def test_error_texts_hold_no_path(world):
    for prepare in (lambda: None, world.models):
        prepare()
        world.poll()
        error = world.source.status("m").error
        assert isinstance(error, SalverError)
        assert world.root not in error.message


# --- Half-written versions

SETTLING = SettlingOptions(quiet_s=0.8, old_after_s=5.0)


@pytest.fixture
def settling_world(tmp_path):
    return World(tmp_path, "m", settling=SETTLING).connect()


def test_versions_that_are_old_at_the_first_poll_are_aspired_at_once(settling_world):
    settling_world.models().add(1)
    settling_world.clock.advance(60.0)
    assert settling_world.poll() == [("m", [1])]


def test_fully_written_version_is_aspired_one_poll_later(settling_world):
    settling_world.models().add(1)
    assert settling_world.poll() == []
    settling_world.clock.advance(1.0)
    assert settling_world.poll() == [("m", [1])]


def test_version_that_is_still_written_is_not_aspired_and_the_old_one_stays(settling_world):
    world = settling_world
    world.models().add(1)
    world.clock.advance(60.0)
    assert world.poll() == [("m", [1])]
    world.clock.advance(time.time() - world.clock())
    for size in range(1, 5):
        world.models().add(2, "x" * size)
        assert world.poll() == []
        assert world.source.status("m").unsettled == (2,)
        world.clock.advance(1.0)
    assert world.poll() == [("m", [2])]


def test_new_version_that_replaces_a_deleted_one_leaves_no_gap(settling_world):
    world = settling_world
    world.models().add(1)
    world.clock.advance(60.0)
    assert world.poll() == [("m", [1])]
    world.clock.advance(time.time() - world.clock())
    world.models().remove(1)
    world.models().add(2)
    assert world.poll() == []
    world.clock.advance(1.0)
    assert world.poll() == [("m", [2])]


def test_emitted_version_stays_while_its_directory_exists(settling_world):
    world = settling_world
    world.models().add(1)
    world.clock.advance(60.0)
    assert world.poll() == [("m", [1])]
    world.clock.advance(time.time() - world.clock())
    for number in range(3):
        world.models().write(1, f"cache-{number}", "")
        assert world.poll() == []
    world.models().remove(1)
    assert world.poll() == [("m", [])]


def test_second_directory_of_a_served_version_changes_nothing(settling_world):
    world = settling_world
    world.models().add("001")
    world.clock.advance(60.0)
    assert world.poll() == [("m", [1])]
    world.clock.advance(time.time() - world.clock())
    world.models().add("1")
    assert world.poll() == []
    world.clock.advance(1.0)
    assert world.poll() == []


def test_new_version_is_undecided_and_reported_only_when_known(settling_world):
    world = settling_world
    world.models().add(1)
    world.poll()
    status = world.source.status("m")
    assert (status.unsettled, status.error, status.is_undecided) == ((1,), None, True)
    assert world.reports == []
    world.clock.advance(1.0)
    world.poll()
    assert world.reports == [("m", None)]


def test_version_seen_changing_is_reported_as_unfinished(settling_world):
    world = settling_world
    world.models().add(1)
    world.poll()
    world.models().add(1, "longer than before")
    world.clock.advance(1.0)
    world.poll()
    unfinished = UnavailableError("Version 1 of servable m is empty or still being written")
    assert world.reports == [("m", unfinished)]
    world.clock.advance(1.0)
    assert world.poll() == [("m", [1])]
    assert world.reports == [("m", unfinished), ("m", None)]


def test_the_check_can_be_turned_off(tmp_path):
    world = World(tmp_path, "m", settling=None).connect()
    os.makedirs(os.path.join(world.models().path, "1"))
    assert world.poll() == [("m", [1])]


def test_it_is_on_by_default():
    assert FileSystemSourceConfig().settling == SettlingOptions()


# --- Configuration


def test_vanished_servable_gets_an_empty_list_at_once(tmp_path):
    world = World(tmp_path, "a", "b").connect()
    world.models("a").add(1)
    world.models("b").add(1)
    world.poll()
    world.source.update_config(world.config(world.servable("b")))
    assert world.taken() == [("a", [])]
    assert world.poll() == []
    assert world.source.status("a") is None
    assert world.reports[-1] == ("a", None)


def test_added_servable_is_found_at_the_next_poll_by_hand(world):
    world.models().add(1)
    world.models("new").add(2)
    world.poll()
    world.source.update_config(world.config(world.servable("m"), world.servable("new")))
    assert world.taken() == []
    assert world.poll() == [("new", [2])]


def test_removed_and_added_again_servable_is_emitted_again(world):
    world.models().add(1)
    world.models("other").add(1)
    world.poll()
    world.source.update_config(world.config(world.servable("other")))
    world.source.update_config(world.config(world.servable("m")))
    world.taken()
    assert world.poll() == [("m", [1])]


def test_new_policy_takes_effect(world):
    world.models().add(1)
    world.models().add(2)
    assert world.poll() == [("m", [2])]
    world.source.update_config(world.config(world.servable("m", All())))
    assert world.poll() == [("m", [1, 2])]


def test_new_base_path_takes_effect_and_a_missing_one_unloads_nothing(world):
    world.models().add(1)
    assert world.poll() == [("m", [1])]
    world.source.update_config(world.config(world.servable("m", base="elsewhere")))
    assert world.poll() == []
    world.models("elsewhere").add(5)
    assert world.poll() == [("m", [5])]


def test_settled_versions_stay_so_over_a_change_of_policy(tmp_path):
    world = World(tmp_path, "m", settling=SETTLING).connect()
    world.models().add(1)
    world.models().add(2)
    world.clock.advance(60.0)
    assert world.poll() == [("m", [2])]
    world.models().write(2, "more", "")
    world.clock.advance(time.time() - world.clock())
    world.source.update_config(world.config(world.servable("m", Specific((2,)))))
    assert world.poll() == []
    assert world.source.status("m").aspired == (2,)


def test_poll_period_cannot_change_once_connected(world):
    with pytest.raises(InvalidArgumentError) as caught:
        world.source.update_config(world.config(poll_wait_s=5.0))
    assert caught.value.message == "Changing file_system_poll_wait_seconds is not supported"
    assert world.source.config == world.config()


def test_poll_period_can_change_before(tmp_path):
    world = World(tmp_path, "m")
    world.source.update_config(world.config(poll_wait_s=-2.0))
    assert world.source.config.poll_wait_s == -2.0


@pytest.mark.parametrize(
    ("names_and_paths", "message"),
    [
        ([("m", "/a"), ("m", "/b")], "Servable m is configured more than once"),
        ([("", "/a")], "A servable has an empty name"),
        ([("m", "")], "Servable m has an empty base path"),
    ],
)
def test_bad_configuration_is_rejected(names_and_paths, message):
    servables = tuple(FileSystemServable(name=name, base_path=path) for name, path in names_and_paths)
    with pytest.raises(InvalidArgumentError) as caught:
        FileSystemSourceConfig(servables=servables)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("has_base_path", "error"),
    [
        (False, InvalidArgumentError("Could not find the base path of servable m")),
        (True, NotFoundError("Unable to find a numerical version path for servable m")),
    ],
)
def test_fail_if_zero_versions_rejects_the_configuration_whole(tmp_path, has_base_path, error):
    if has_base_path:
        ModelDirectory(tmp_path / "m").add("not-a-number")
    with pytest.raises(type(error)) as at_start:
        World(tmp_path, "m", fail_if_zero_versions=True)
    assert at_start.value == error
    world = World(tmp_path, "good").connect()
    world.models("good").add(1)
    assert world.poll() == [("good", [1])]
    with pytest.raises(type(error)):
        world.source.update_config(world.config(world.servable("m"), fail_if_zero_versions=True))
    assert world.source.config == world.config()
    assert world.taken() == []


def test_without_it_a_source_starts_over_nothing(tmp_path):
    World(tmp_path, "m").connect().poll()


# --- Connection, thread, end


def test_unconnected_source_emits_nothing(tmp_path):
    world = World(tmp_path, "m")
    world.models().add(1)
    assert world.poll() == []
    world.source.update_config(world.config(world.servable("other")))
    assert world.source.status("m") is None


def test_source_can_be_connected_only_once(world):
    with pytest.raises(FailedPreconditionError, match="only once"):
        connect(world.source, FakeTarget())


def test_stopped_source_emits_nothing_more(world):
    world.models().add(1)
    world.poll()
    world.source.stop()
    world.source.stop()
    world.models().add(2)
    assert world.poll() == []
    world.source.update_config(world.config(world.servable("other")))
    assert world.taken() == []


def test_step_polls_when_due_and_tells_how_long_to_wait(tmp_path):
    world = World(tmp_path, "m", poll_wait_s=10.0)
    world.source._callback = world.target.get_aspired_versions_callback()  # connected, without its thread
    world.models().add(1)
    assert world.source.step() == pytest.approx(10.0)
    assert world.taken() == [("m", [1])]
    world.models().add(2)
    world.clock.advance(4.0)
    assert world.source.step() == pytest.approx(6.0)
    assert world.taken() == []
    world.clock.advance(6.0)
    assert world.source.step() == pytest.approx(10.0)
    assert world.taken() == [("m", [2])]
    world.clock.advance(25.0)
    assert world.source.step() == pytest.approx(10.0)
    world.clock.advance(-3600.0)
    world.models().add(3)
    world.source.step()
    assert world.taken() == [("m", [3])]


@pytest.mark.parametrize("poll_wait_s", [0.0, 60.0])
def test_step_looks_again_soon_at_what_may_settle_and_at_nothing_else(tmp_path, poll_wait_s):
    world = World(tmp_path, "m", "other", poll_wait_s=poll_wait_s, settling=SETTLING)
    world.source._callback = world.target.get_aspired_versions_callback()
    world.models("m").add(1)
    assert world.source.step() == pytest.approx(0.81)
    world.models("other").add(1)
    world.clock.advance(0.81)
    delay_s = world.source.step()
    assert world.taken() == [("m", [1])]
    assert delay_s is None if poll_wait_s == 0 else delay_s == pytest.approx(59.19)


class Emissions:
    """A target to wait on."""

    def __init__(self):
        self.target = FakeTarget(lambda name, versions: None)
        self._changed = threading.Condition()
        self._callback = self.target.get_aspired_versions_callback()

    def get_aspired_versions_callback(self):
        return self._notify

    def _notify(self, name, versions):
        with self._changed:
            self._callback(name, versions)
            self._changed.notify_all()

    def wait_for(self, name, versions):
        with self._changed:
            assert self._changed.wait_for(lambda: self.target.versions(name) == versions, 30)


@pytest.mark.parametrize("poll_wait_s", [0.0, 0.005])
def test_thread_polls_at_once(tmp_path, poll_wait_s):
    models = ModelDirectory(tmp_path / "m")
    models.add(1)
    servable = FileSystemServable(name="m", base_path=models.path)
    config = FileSystemSourceConfig(servables=(servable,), poll_wait_s=poll_wait_s, settling=None)
    source, emissions = FileSystemSource(config), Emissions()
    connect(source, emissions)
    try:
        emissions.wait_for("m", [1])
    finally:
        source.stop()


def test_thread_polls_again(tmp_path):
    models = ModelDirectory(tmp_path / "m")
    servable = FileSystemServable(name="m", base_path=models.path)
    config = FileSystemSourceConfig(servables=(servable,), poll_wait_s=0.005, settling=None)
    source, emissions = FileSystemSource(config), Emissions()
    connect(source, emissions)
    try:
        emissions.wait_for("m", [])
        models.add(1)
        emissions.wait_for("m", [1])
    finally:
        source.stop()


def test_poll_once_thread_loads_a_version_that_settles_later(tmp_path):
    models = ModelDirectory(tmp_path / "m")
    models.add(1)
    servable = FileSystemServable(name="m", base_path=models.path)
    settling = SettlingOptions(quiet_s=0.01, old_after_s=3600.0)
    config = FileSystemSourceConfig(servables=(servable,), poll_wait_s=0.0, settling=settling)
    source, emissions = FileSystemSource(config), Emissions()
    connect(source, emissions)
    try:
        emissions.wait_for("m", [1])
    finally:
        source.stop()


@pytest.mark.parametrize("poll_wait_s", [0.0, 3600.0])
def test_changed_and_new_servables_are_polled_before_the_update_returns(tmp_path, poll_wait_s):
    for name in ("kept", "new", "elsewhere"):
        ModelDirectory(tmp_path / name).add(1)
    ModelDirectory(tmp_path / "elsewhere").add(2)
    world = World(tmp_path, "kept", "moved", poll_wait_s=poll_wait_s)
    emissions = Emissions()
    connect(world.source, emissions)
    try:
        emissions.wait_for("kept", [1])
        moved = world.servable("moved", base="elsewhere")
        world.source.update_config(world.config(world.servable("kept"), moved, world.servable("new")))
        assert emissions.target.versions("moved") == [2]
        assert emissions.target.versions("new") == [1]
        assert [name for name, _ in emissions.target.calls].count("kept") == 1
    finally:
        world.source.stop()


def test_negative_poll_period_never_polls(tmp_path):
    world = World(tmp_path, "m", poll_wait_s=-1.0).connect()
    world.models().add(1)
    world.source.update_config(world.config(world.servable("m", All())))
    assert world.source._thread._thread.ident is None
    assert world.taken() == []


def test_hanging_base_path_blocks_neither_status_nor_stop_nor_the_change_of_others(tmp_path, monkeypatch):
    is_hanging, may_end = threading.Event(), threading.Event()
    from salver.sources import watched_stream

    scan = watched_stream.scan_versions

    def hang(servable, *rest):
        if servable.name == "hangs":
            is_hanging.set()
            assert may_end.wait(30)
        return scan(servable, *rest)

    monkeypatch.setattr(watched_stream, "scan_versions", hang)
    ModelDirectory(tmp_path / "new").add(1)
    world = World(tmp_path, "hangs", poll_wait_s=3600.0).connect()
    assert is_hanging.wait(30)
    assert world.source.status("hangs") is None
    world.source.update_config(world.config(world.servable("hangs"), world.servable("new")))
    assert world.target.versions("new") == [1]
    world.source.update_config(world.config(world.servable("new")))
    world.models("hangs").add(1)
    world.source.stop(timeout_s=0.0)
    may_end.set()
    world.source.stop()
    assert world.target.versions("hangs") == []
