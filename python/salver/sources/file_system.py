"""Aspires the versions it finds in directories, by polling them.

Every servable has a *base path* with one numbered entry for each version (see `version_directory`); a policy says which
of them are aspired (see `version_policy`), and a version that is still being written is passed over (see `settling`).

Rules:
    - Each servable is on its own. A base path that is missing or cannot be read changes nothing for the others, and
      nothing for its own versions either: what was aspired stays so, and a base path that appears later is picked up.
    - A base path that exists and holds no version means: no versions. They are unloaded, unless `always_present` is
      set. As long as a version in it is being written, what was aspired before stays.
    - A version is aspired until its entry disappears or the policy drops it, however its content changes.
    - A list is emitted when it differs from the last one.
    - What is wrong is logged when it changes, not at every poll.

The thread polls all servables every `poll_wait_s`, counted from the start of a poll, and those with a version that may
be complete soon once more after the quiet time. Base paths are examined one after the other, without a lock that
`status` or `update_config` need; one that *hangs* (a dead network mount) delays the discovery of the others' versions
until it returns.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from salver.core.ids import ServableId
from salver.core.servable_data import ServableData
from salver.core.source import AspiredVersionsCallback
from salver.core.storage_path import StoragePath
from salver.errors import FailedPreconditionError, InvalidArgumentError, SalverError
from salver.sources.file_system_config import FileSystemSourceConfig, check_versions_present
from salver.sources.poll_thread import PollThread
from salver.sources.settling import SettlingOptions
from salver.sources.version_scan import FileSystemServable, Note, Scan
from salver.sources.watched_stream import PollStatus, WatchedStream

logger = logging.getLogger(__name__)

_TIMER_SLACK_S = 0.01
"""Added to the wait for the second look, so that a timer that fires early does not cost a third one."""


OnPollResult = Callable[[str, SalverError | None], None]
"""Gets a servable name, and why it has no version to load, None if it has."""


class FileSystemSource:
    """A source of storage paths. Thread-safe.

    Call sequence: construct, `set_aspired_versions_callback` (polling begins), any number of `update_config`, `stop`.
    """

    def __init__(
        self,
        config: FileSystemSourceConfig,
        *,
        on_poll_result: OnPollResult | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Make a source that is not connected yet.

        Args:
            config: What to watch.
            on_poll_result: Called after the first decided poll of each servable, after its configuration changed, and
                whenever the error changes; on the thread that polls, after the list was emitted. Called with None for a
                servable that leaves the configuration. Must not call `update_config`.
            clock: Wall-clock time, seconds since the epoch.

        Raises:
            InvalidArgumentError, NotFoundError: `fail_if_zero_versions` is set, and a servable has none.
        """
        check_versions_present(config)
        self._on_poll_result = on_poll_result
        self._clock = clock
        self._update_lock = threading.Lock()  # lets one update_config run at a time
        self._lock = threading.RLock()  # guards the fields below; held while emitting, never while examining files
        self._config = config
        self._streams = {servable.name: WatchedStream(servable, config.settling) for servable in config.servables}
        self._callback: AspiredVersionsCallback[StoragePath] | None = None
        self._last_poll_s: float | None = None
        self._is_stopped = False
        self._thread = PollThread(self.step, "salver-file-system-source")

    @property
    def config(self) -> FileSystemSourceConfig:
        """The configuration in force."""
        return self._config

    @property
    def names(self) -> Collection[str]:
        """The servables that are configured."""
        return self._streams.keys()

    @property
    def is_polling(self) -> bool:
        """Whether base paths are examined without being asked for."""
        return self._callback is not None and self._polls and not self._is_stopped

    def set_aspired_versions_callback(self, callback: AspiredVersionsCallback[StoragePath]) -> None:
        """Connect, and begin to poll on a thread of its own unless `poll_wait_s` is negative. See `Source`."""
        with self._lock:
            if self._callback is not None:
                raise FailedPreconditionError("set_aspired_versions_callback() was called before; it may be only once")
            self._callback = callback
            if self._polls and not self._is_stopped:
                self._thread.start()

    def update_config(self, config: FileSystemSourceConfig) -> None:
        """Replace the whole configuration.

        Servables that are no longer named get an empty list at once. New and changed ones are polled before this
        returns (if the source is connected and polls at all); the others are left alone.

        Raises:
            InvalidArgumentError: `poll_wait_s` differs and the source is connected, or a base path is missing while
                `fail_if_zero_versions` is set; nothing changed.
            NotFoundError: A servable without a version while `fail_if_zero_versions` is set; nothing changed.
        """
        with self._update_lock:
            check_versions_present(config)
            vanished, changed = self._swap_config(config)
            for name in vanished:
                self._report(name, None)
            if self._polls:
                self._poll(changed)
                self._thread.wake()

    def poll_once(self) -> None:
        """Examine every servable's base path now and emit what changed; nothing if not connected."""
        self._poll(list(self._streams.values()))

    def poll(self, name: str) -> bool:
        """Examine one servable's base path now, as `poll_once` does; False if it is not configured."""
        stream = self._streams.get(name)
        if stream is None:
            return False
        self._poll([stream])
        self._thread.wake()
        return True

    def emit_again(self, name: str) -> bool:
        """Emit the last list of a servable once more, for a target that wants a version anew.

        Returns:
            False if there is no such list, or the target did not take it; the next poll tries that again.
        """
        with self._lock:
            stream = self._streams.get(name)
            if stream is None or stream.emitted is None:
                return False
            is_taken = self._emit(name, stream.emitted)
            if not is_taken:
                stream.emitted = None
            return is_taken

    def poll_unsettled(self) -> None:
        """Examine only the servables with a version that may be complete soon."""
        self._poll([stream for stream in self._streams.values() if stream.watch.may_settle_soon()])

    def step(self) -> float | None:
        """Poll what is due; the body of the thread.

        Returns:
            Seconds until something is due again, None if nothing will be before the configuration changes.
        """
        now_s = self._clock()
        if self._is_poll_due(now_s):
            self._last_poll_s = now_s
            self.poll_once()
        else:
            self.poll_unsettled()
        return self._delay_s()

    def status(self, name: str) -> PollStatus | None:
        """Return what the latest poll of a servable came to; None if unknown or not polled yet. Never blocks."""
        stream = self._streams.get(name)
        return stream.status if stream is not None else None

    def stop(self, timeout_s: float | None = 5.0) -> None:
        """End polling; idempotent. Nothing is emitted any more.

        Args:
            timeout_s: How long to wait for a running poll, which may hang in a file system; None for no limit.
        """
        self._is_stopped = True
        self._thread.stop(timeout_s)

    # --- Configuration

    @property
    def _polls(self) -> bool:
        return self._config.poll_wait_s >= 0

    def _swap_config(self, config: FileSystemSourceConfig) -> tuple[list[str], list[WatchedStream]]:
        """Put a configuration in force and un-aspire what it no longer names; return the gone and the changed."""
        with self._lock:
            if self._callback is not None and config.poll_wait_s != self._config.poll_wait_s:
                raise InvalidArgumentError("Changing file_system_poll_wait_seconds is not supported")
            old = self._streams
            new = {item.name: self._stream_for(item, config.settling) for item in config.servables}
            self._config, self._streams = config, new
            vanished = [name for name in old if name not in new]
            for name in vanished:
                self._emit(name, {})
            return vanished, [stream for name, stream in new.items() if stream is not old.get(name)]

    def _stream_for(self, servable: FileSystemServable, settling: SettlingOptions | None) -> WatchedStream:
        old = self._streams.get(servable.name)
        if old is None:
            return WatchedStream(servable, settling)
        if (old.servable, old.settling) == (servable, settling):
            return old
        return old.replaced_by(servable, settling)

    # --- Polling

    def _is_poll_due(self, now_s: float) -> bool:
        if self._last_poll_s is None:
            return True
        wait_s = self._config.poll_wait_s
        return wait_s > 0 and not 0 <= now_s - self._last_poll_s < wait_s  # a clock set back makes it due

    def _delay_s(self) -> float | None:
        now_s = self._clock()
        config = self._config
        delays = []
        if config.poll_wait_s > 0 and self._last_poll_s is not None:
            delays.append(max(0.0, self._last_poll_s + config.poll_wait_s - now_s))
        if config.settling and any(stream.watch.may_settle_soon() for stream in self._streams.values()):
            delays.append(config.settling.quiet_s + _TIMER_SLACK_S)
        return min(delays, default=None)

    def _poll(self, streams: Iterable[WatchedStream]) -> None:
        if self._callback is None:
            return
        for stream in streams:
            if not self._is_stopped:
                self._poll_stream(stream)

    def _poll_stream(self, stream: WatchedStream) -> None:
        with stream.scan_lock:
            now_s = self._clock()
            scan = stream.scan(now_s)
            with self._lock:
                if self._is_stopped or self._streams.get(stream.servable.name) is not stream:
                    return
                notes = list(scan.notes) + self._apply(stream, scan)
                is_news = stream.record(scan, now_s)
            stream.log_new(notes)
            if is_news:
                self._report(stream.servable.name, scan.error)

    def _apply(self, stream: WatchedStream, scan: Scan) -> list[Note]:
        """Emit what a scan found if it is new; return what else to tell the operator."""
        if scan.aspired is None or scan.aspired == stream.emitted:
            return []
        if not scan.aspired and self._config.always_present:
            text = f"Refusing to unload all versions for Servable: {stream.servable.name}"
            return [Note(logging.ERROR, text)] if stream.emitted else []
        if self._emit(stream.servable.name, scan.aspired):
            stream.emitted = scan.aspired
            _log_aspired(stream.servable, scan.aspired)
        return []

    def _emit(self, name: str, aspired: Mapping[int, StoragePath]) -> bool:
        """Hand a list to the target; False if it raised, so that the next poll tries again."""
        items = [ServableData(ServableId(name, version), path) for version, path in aspired.items()]
        callback = self._callback
        return callback is None or self._is_stopped or _guarded(lambda: callback(name, items))

    def _report(self, name: str, error: SalverError | None) -> None:
        on_poll_result = self._on_poll_result
        if on_poll_result is not None:
            _guarded(lambda: on_poll_result(name, error))


def _log_aspired(servable: FileSystemServable, aspired: Mapping[int, StoragePath]) -> None:
    if aspired:  # that there are none is warned of
        versions = sorted(aspired)
        paths = ", ".join(aspired[version] for version in versions)
        logger.info("Versions %s of servable %s are aspired, from %s", versions, servable.name, paths)


def _guarded(call: Callable[[], None]) -> bool:
    try:
        call()
    except Exception:
        logger.exception("A callback of the file system source failed")
        return False
    return True
