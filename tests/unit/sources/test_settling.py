import os
import time

import pytest

from salver.sources.settling import SettlingOptions, SettlingWatch, look_at
from salver.testing.fake_clock import FakeClock
from salver.testing.model_directory import ModelDirectory

OPTIONS = SettlingOptions(quiet_s=1.0, old_after_s=5.0)
LONG_S = 60.0


class Watched:
    """A watch over a base path, with a clock that starts now, so that what a test writes is new."""

    def __init__(self, path, options=OPTIONS):
        self.models = ModelDirectory(path)
        self.clock = FakeClock(time.time())
        self.watch = SettlingWatch(options)

    def is_settled(self, child="1"):
        return self.watch.is_settled(self.models.path, child, self.clock())

    def back_to_now(self):
        """Set the clock so that what is written next is new."""
        self.clock.advance(time.time() - self.clock())

    def is_unfinished(self, child="1"):
        return self.watch.is_unfinished(child)


@pytest.fixture
def watched(tmp_path):
    return Watched(tmp_path)


def test_old_version_is_settled_at_the_first_look(watched):
    watched.models.add(1)
    watched.clock.advance(LONG_S)
    assert watched.is_settled()


def test_new_version_is_settled_after_one_quiet_interval(watched):
    watched.models.add(1)
    assert not watched.is_settled()
    watched.clock.advance(1.0)
    assert watched.is_settled()


def test_looks_closer_than_the_quiet_time_do_not_settle(watched):
    watched.models.add(1)
    assert not watched.is_settled()
    for _ in range(3):
        watched.clock.advance(0.3)
        assert not watched.is_settled()
    watched.clock.advance(0.3)
    assert watched.is_settled()


CHANGES = {
    "a file grows": lambda models: models.write(1, "model.bin", "model, longer"),
    "a file is added": lambda models: models.write(1, "more.bin", ""),
    "a file is added below": lambda models: models.write(1, "variables/part-0", ""),
    "a directory is added": lambda models: os.mkdir(os.path.join(models.path, "1", "assets")),
    "a hidden file is added": lambda models: models.write(1, ".model.bin.Xy12", ""),
    "a file is renamed": lambda models: models.rename("1/model.bin", "1/other.bin"),
    "a file is rewritten in the same size": lambda models: os.utime(
        os.path.join(models.path, "1", "model.bin"), (1.0, 1.0)
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_starts_the_quiet_interval_anew(watched, change):
    watched.models.add(1)
    assert not watched.is_settled()
    watched.clock.advance(1.0)
    change(watched.models)
    assert not watched.is_settled()
    assert watched.is_unfinished()
    watched.clock.advance(0.5)
    assert not watched.is_settled()
    watched.clock.advance(0.5)
    assert watched.is_settled()


def test_empty_version_is_never_settled(watched):
    os.makedirs(os.path.join(watched.models.path, "1", "variables"))
    assert not watched.is_settled()
    for _ in range(3):
        watched.clock.advance(LONG_S)
        assert not watched.is_settled()
    watched.back_to_now()
    watched.models.add(1)
    assert not watched.is_settled()
    watched.clock.advance(1.0)
    assert watched.is_settled()


def test_empty_version_is_unfinished_once_a_quiet_interval_has_passed(watched):
    os.mkdir(os.path.join(watched.models.path, "1"))
    assert not watched.is_settled()
    assert not watched.is_unfinished()
    watched.clock.advance(1.0)
    assert not watched.is_settled()
    assert watched.is_unfinished()


def test_version_renamed_into_place_with_old_content_is_settled_at_once(watched):
    watched.models.add("tmp-1")
    watched.clock.advance(LONG_S)
    watched.models.rename("tmp-1", 1)
    assert watched.is_settled()


def test_restored_modification_times_do_not_make_a_copy_look_old(watched):
    path = watched.models.add(1)
    for name in (os.path.join(path, "model.bin"), path):
        os.utime(name, (1.0, 1.0))
    assert look_at(path).newest_s > 1.0
    assert not watched.is_settled()
    watched.clock.advance(1.0)
    assert watched.is_settled()


def test_new_file_deep_below_makes_an_old_version_new(watched):
    watched.models.write(1, "a/b/c.bin", "")
    watched.clock.advance(-LONG_S)  # now everything is from the future, as on a server whose clock is ahead
    assert not watched.is_settled()
    watched.clock.advance(1.0)
    assert watched.is_settled()


def test_clock_set_back_only_starts_the_interval_anew(watched):
    watched.models.add(1)
    assert not watched.is_settled()
    watched.clock.advance(-3600.0)
    assert not watched.is_settled()
    watched.clock.advance(1.0)
    assert watched.is_settled()


def test_settled_version_stays_so_whatever_changes(watched):
    watched.models.add(1)
    watched.clock.advance(LONG_S)
    assert watched.is_settled()
    watched.models.write(1, "more.bin", "")
    os.remove(os.path.join(watched.models.path, "1", "model.bin"))
    assert watched.is_settled()
    assert watched.watch.is_known_settled("1")


def test_version_that_went_away_starts_anew(watched):
    watched.models.add(1)
    watched.clock.advance(LONG_S)
    assert watched.is_settled()
    watched.models.remove(1)
    watched.watch.keep_only(set())
    watched.back_to_now()
    watched.models.add(1)
    assert not watched.is_settled()


def test_version_that_vanishes_before_the_look_is_not_settled(watched):
    watched.clock.advance(LONG_S)
    assert not watched.is_settled("5")


def test_link_to_a_version_is_followed(watched):
    watched.models.add("release")
    os.symlink("release", os.path.join(watched.models.path, "1"))
    assert not watched.is_settled()
    watched.clock.advance(1.0)
    assert watched.is_settled()


def test_links_inside_are_followed_to_files_but_not_to_directories(watched):
    models = watched.models
    path = models.add(1)
    os.symlink(".", os.path.join(path, "cycle"))
    os.symlink("nowhere", os.path.join(path, "dangling"))
    os.symlink("model.bin", os.path.join(path, "link"))
    look = look_at(path)
    assert {(name, size) for name, size, _ in look.files} >= {("model.bin", 5), ("link", 5), ("dangling", -1)}
    watched.clock.advance(LONG_S)
    assert watched.is_settled()


def test_plain_file_can_be_a_version(watched):
    with open(os.path.join(watched.models.path, "1"), "w", encoding="utf-8") as file:
        file.write("table")
    assert not watched.is_settled()
    watched.clock.advance(1.0)
    assert watched.is_settled()


def test_without_options_everything_is_settled(tmp_path):
    watched = Watched(tmp_path, options=None)
    os.mkdir(os.path.join(watched.models.path, "1"))
    assert watched.is_settled()
    assert not watched.watch.may_settle_soon()


def test_another_look_is_worth_its_cost_only_soon_after_a_change(watched):
    os.mkdir(os.path.join(watched.models.path, "1"))
    assert not watched.watch.may_settle_soon()
    assert not watched.is_settled()
    assert watched.watch.may_settle_soon()
    watched.clock.advance(1.0)
    assert not watched.is_settled()
    assert not watched.watch.may_settle_soon()
