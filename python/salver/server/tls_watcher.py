"""Credentials that follow their files, while connections come and go.

The bytes of the files are compared, not their times: a Kubernetes secret changes by a symbolic link, and a copy may
keep the time. A change is taken up when two looks in a row have seen the same, so that a certificate whose key is not
written yet is no event. Credentials that cannot be used are told once; those before them stay in force.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from salver.boundary import TlsConfig
from salver.config.tls import Texts, TlsSource, read_texts
from salver.errors import SalverError
from salver.sources.poll_thread import PollThread

logger = logging.getLogger(__name__)

_POLL_S = 2.0
_SETTLING_S = 0.5
_DAY_S = 86400.0
_EXPIRES_SOON_S = 14 * _DAY_S

SetTls = Callable[[str, TlsConfig], float]
"""Puts the credentials of a port in force and says when they expire; `DataPlane.set_tls`."""


class TlsWatcher:
    """Loads the credentials of all ports that have any, and again when their files change."""

    def __init__(
        self, set_tls: SetTls, sources: Mapping[str, TlsSource], *, now: Callable[[], float] = time.time
    ) -> None:
        """Make a watcher that has read nothing yet.

        Args:
            set_tls: Takes the credentials.
            sources: Where those of each port come from, by port.
            now: The clock that certificates are held against.
        """
        self._now = now
        self._ports = [_Port(port, source, set_tls) for port, source in sources.items()]
        self._thread: PollThread | None = None

    def load(self) -> None:
        """Put all credentials in force; raises a SalverError where some cannot be used."""
        for port in self._ports:
            port.load()
            port.warn_of_expiry(self._now())

    def start(self) -> None:
        """Watch the files, if there are any."""
        if self._ports:
            self._thread = PollThread(self.step, "salver-tls")
            self._thread.start()

    def stop(self, timeout_s: float | None = None) -> None:
        """Watch no longer. Idempotent."""
        if self._thread is not None:
            self._thread.stop(timeout_s)

    def step(self) -> float:
        """Look at all files once and return the seconds until the next look."""
        is_settling = False
        for port in self._ports:
            is_settling |= port.refresh()
            port.warn_of_expiry(self._now())
        return _SETTLING_S if is_settling else _POLL_S


class _Port:
    """The credentials of one port."""

    def __init__(self, port: str, source: TlsSource, set_tls: SetTls) -> None:
        self._port = port
        self._source = source
        self._set_tls = set_tls
        self._in_force: Texts | None = None
        self._seen: Texts | SalverError | None = None
        """What the last look saw."""
        self._refused: Texts | SalverError | None = None
        """What was seen and told to be of no use."""
        self._expires_s = float("inf")
        self._last_warning_s = float("-inf")

    def load(self) -> None:
        self._apply(read_texts(self._source))

    def refresh(self) -> bool:
        """Look again; say whether something has changed that may not be whole yet."""
        previous, seen = self._seen, self._look()
        self._seen = seen
        if seen == self._in_force:
            self._refused = None
        elif seen != self._refused:
            if seen != previous:
                return True
            self._take(seen)
        return False

    def warn_of_expiry(self, now_s: float) -> None:
        left_s = self._expires_s - now_s
        if left_s >= _EXPIRES_SOON_S or now_s - self._last_warning_s < _DAY_S:
            return
        self._last_warning_s = now_s
        if left_s <= 0:
            logger.error("The TLS certificate of the %s port has expired (%s)", self._name, self._source.paths[0])
        else:
            logger.warning(
                "The TLS certificate of the %s port expires in %.1f days (%s)",
                self._name,
                left_s / _DAY_S,
                self._source.paths[0],
            )

    @property
    def _name(self) -> str:
        return {"grpc": "gRPC", "rest": "REST"}.get(self._port, self._port)

    def _look(self) -> Texts | SalverError:
        try:
            return read_texts(self._source)
        except SalverError as error:
            return error

    def _take(self, seen: Texts | SalverError) -> None:
        try:
            if isinstance(seen, SalverError):
                raise seen
            self._apply(seen)
        except SalverError as error:
            self._refused = seen
            logger.error("The TLS credentials of the %s port stay as they are: %s", self._name, error.message)  # noqa: TRY400  # no traceback: the operator's file is wrong
        else:
            logger.info("New TLS credentials on the %s port", self._name)

    def _apply(self, texts: Texts) -> None:
        self._expires_s = self._set_tls(self._port, self._source.config(texts))
        self._in_force, self._last_warning_s, self._refused = texts, float("-inf"), None
