import io
import os

import pytest

from salver.server import record_files
from salver.server.record_files import FileLimits, RecordFiles
from salver.testing.fake_clock import FakeClock
from salver.wire.tfrecord import read_records

NOON = 1_700_000_000  # 2023-11-14 22:13:20 UTC


@pytest.fixture
def make(tmp_path):
    made = []

    def make(prefix=None, clock=None, **limits):
        prefix = prefix or str(tmp_path / "log")
        made.append(RecordFiles(prefix, FileLimits(**limits), clock=clock or FakeClock(), now=lambda: NOON))
        return made[-1]

    yield make
    for files in made:
        files.finish()


def contents(folder):
    """Name and records of each file."""
    found = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            found[path.name] = list(read_records(stream))
    return found


def name(number):
    return f"log-20231114-221320-{os.getpid()}-{number}.tfrecord"


def test_without_a_record_there_is_no_file(make, tmp_path):
    files = make()
    files.finish_if_old()
    files.finish()
    assert contents(tmp_path) == {}


def test_a_file_has_its_name_once_it_is_whole(make, tmp_path):
    files = make()
    files.write(b"one")
    files.write(b"two")
    assert contents(tmp_path) == {name(0) + ".partial": [b"one", b"two"]}
    files.finish()
    assert contents(tmp_path) == {name(0): [b"one", b"two"]}


def test_a_full_file_is_finished_and_another_begun(make, tmp_path):
    files = make(max_bytes=2 * (16 + 3))
    for record in (b"one", b"two", b"six"):
        files.write(record)
    assert contents(tmp_path) == {name(0): [b"one", b"two"], name(1) + ".partial": [b"six"]}


def test_a_record_larger_than_a_file_is_a_file_of_its_own(make, tmp_path):
    files = make(max_bytes=10)
    files.write(bytes(100))
    assert contents(tmp_path) == {name(0): [bytes(100)]}


def test_an_old_file_is_finished_though_nothing_comes(make, tmp_path):
    clock = FakeClock()
    files = make(clock=clock, max_age_s=60)
    files.write(b"one")
    clock.advance(59)
    files.finish_if_old()
    assert list(contents(tmp_path)) == [name(0) + ".partial"]
    clock.advance(1)
    files.finish_if_old()
    assert list(contents(tmp_path)) == [name(0)]


def test_missing_directories_are_made(make, tmp_path):
    files = make(str(tmp_path / "a" / "b" / "log"))
    files.write(b"one")
    files.finish()
    assert contents(tmp_path / "a" / "b") == {name(0): [b"one"]}


@pytest.mark.parametrize("suffix", ["", ".partial"])
def test_a_name_that_is_taken_is_left_alone(make, tmp_path, suffix):
    taken = name(0) + suffix
    (tmp_path / taken).touch()
    files = make()
    files.write(b"one")
    files.finish()
    assert contents(tmp_path) == {taken: [], name(1): [b"one"]}


class FullDisk(io.FileIO):
    """Takes so many bytes, over all files, and no more."""

    room = 0

    def write(self, data, /):
        if not FullDisk.room:
            raise OSError(28, "No space left on device")
        written = super().write(bytes(data[: FullDisk.room]))
        FullDisk.room -= written
        return written


def test_a_record_that_does_not_fit_leaves_no_half_of_it(make, tmp_path, monkeypatch):
    monkeypatch.setattr(record_files.io, "FileIO", FullDisk)
    FullDisk.room = 30
    files = make()
    files.write(b"one")
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            files.write(b"two")
    FullDisk.room = 1000
    files.write(b"six")
    files.finish()
    assert contents(tmp_path) == {name(0): [b"one", b"six"]}


def test_a_directory_that_cannot_be_made_fails_each_record_alone(make, tmp_path):
    (tmp_path / "file").touch()
    files = make(str(tmp_path / "file" / "log"))
    with pytest.raises(OSError, match="file"):
        files.write(b"one")
    (tmp_path / "file").unlink()
    files.write(b"two")
    files.finish()
    assert contents(tmp_path / "file") == {name(0): [b"two"]}
