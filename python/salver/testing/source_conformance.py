"""What every source promises, as tests to run over a source of one's own.

Subclass `SourceConformance` in a test module, fill in `make_source`, and let pytest collect the subclass:

    class TestMySource(SourceConformance):
        def make_source(self) -> Source[str]:
            return MySource(...)

The promises are those of `salver.core.source`.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any

from salver.core.source import Source, connect
from salver.errors import FailedPreconditionError
from salver.testing.sources import FakeTarget

_LIMIT_S = 30.0
_NUM_THREADS = 4
_NUM_DRIVES = 25


class SourceConformance(ABC):
    """The suite; one fresh source for each test."""

    @abstractmethod
    def make_source(self) -> Source[Any]:
        """Make a source, not connected, with at least one version to aspire."""

    def drive(self, source: Source[Any]) -> None:
        """Have a connected source emit now what it would emit on its own thread."""
        del source

    def add_version(self, source: Source[Any]) -> bool:
        """Have one more version to aspire, beside those there are; False for a source that never changes."""
        del source
        return False

    def stop(self, source: Source[Any]) -> None:
        """End a source's own threads, if it has any."""
        del source

    def test_emits_every_stream_once_connected(self) -> None:
        """Something comes, and each item is of the stream it is emitted for."""
        with _Running(self) as running:
            _check(len(running.target.calls) > 0, "the source emitted nothing")
            for name, versions in running.target.calls:
                names = {version.id.name for version in versions}
                _check(names <= {name}, f"the list of {name} holds versions of {names}")

    def test_emits_no_version_twice_in_a_list(self) -> None:
        """A list is a set."""
        with _Running(self) as running:
            for name, versions in running.target.calls:
                ids = [version.id for version in versions]
                _check(len(set(ids)) == len(ids), f"the list of {name} holds a version twice: {ids}")

    def test_version_numbers_are_not_negative(self) -> None:
        """Version numbers start at 0."""
        with _Running(self) as running:
            for name, versions in running.target.calls:
                _check(all(version.id.version >= 0 for version in versions), f"{name} has a negative version")

    def test_can_be_connected_only_once(self) -> None:
        """A second connection is refused, and the first one stays."""
        with _Running(self) as running:
            other: FakeTarget[Any] = FakeTarget()
            _check(_is_refused(running.source, other), "a second connection was accepted")
            self.drive(running.source)
            _check(other.calls == [], "the refused target got a list")

    def test_repeated_lists_are_equal(self) -> None:
        """Nothing changed, so whatever is emitted again says the same."""
        with _Running(self) as running:
            before = running.aspired_ids()
            self.drive(running.source)
            _check(running.aspired_ids() == before, "the source changed its mind without a reason")

    def test_each_list_is_whole(self) -> None:
        """A new version is emitted together with those that stay."""
        with _Running(self) as running:
            before = running.aspired_ids()
            if not self.add_version(running.source):
                return
            self.drive(running.source)
            after = running.aspired_ids()
            _check(before < after, f"expected one more than {before}, got {after}")

    def test_calls_never_overlap(self) -> None:
        """However many threads drive it, a stream's lists come one after the other."""
        with _Running(self) as running:
            threads = [threading.Thread(target=self._drive_often, args=(running.source,)) for _ in range(_NUM_THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(_LIMIT_S)
            _check(not any(thread.is_alive() for thread in threads), "the source hangs")
            _check(not running.has_overlap, "two lists of one stream came at the same time")

    def test_outlives_its_target(self) -> None:
        """Emitting to a detached target does no harm."""
        with _Running(self) as running:
            running.target.detach()
            num_calls = len(running.target.calls)
            self.add_version(running.source)
            self.drive(running.source)
            _check(len(running.target.calls) == num_calls, "a detached target got a list")

    def _drive_often(self, source: Source[Any]) -> None:
        for _ in range(_NUM_DRIVES):
            self.add_version(source)
            self.drive(source)


class _Running:
    """A connected and driven source; stops it at the end."""

    def __init__(self, suite: SourceConformance) -> None:
        self._suite = suite
        self._busy: set[str] = set()
        self.has_overlap = False
        self.source = suite.make_source()
        self.target: FakeTarget[Any] = FakeTarget()

    def __enter__(self) -> _Running:  # noqa: PYI034 - private and never subclassed
        self.source.set_aspired_versions_callback(self._on_versions)
        self._suite.drive(self.source)
        return self

    def __exit__(self, *_: object) -> None:
        self._suite.stop(self.source)

    def aspired_ids(self) -> set[Any]:
        return {version.id for versions in self.target.aspired.values() for version in versions}

    def _on_versions(self, name: str, versions: Any) -> None:
        self.has_overlap = self.has_overlap or name in self._busy
        self._busy.add(name)
        self.target.get_aspired_versions_callback()(name, versions)
        self._busy.discard(name)


def _is_refused(source: Source[Any], target: FakeTarget[Any]) -> bool:
    try:
        connect(source, target)
    except FailedPreconditionError:
        return True
    return False


def _check(is_kept: bool, complaint: str) -> None:  # noqa: FBT001
    if not is_kept:
        raise AssertionError(complaint)
