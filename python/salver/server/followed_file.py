"""A file that is looked at again and again; its content decides, not its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from salver.errors import SalverError

T = TypeVar("T")


class FollowedFile(Generic[T]):
    """Gives what a file says, once for each content. Not thread-safe."""

    def __init__(self, read: Callable[[], str | None], parse: Callable[[str | None], T]) -> None:
        """Follow a file that was not looked at yet.

        Args:
            read: Returns its text, None where its absence means something too.
            parse: Makes of it what it says.
        """
        self._read = read
        self._parse = parse
        self._seen: str | None = None
        self._was_read = False
        self._failure = ""

    def load(self) -> T:
        """Return what it says now.

        Raises:
            SalverError: What `read` or `parse` raises.
        """
        text = self._read()
        self._seen, self._was_read, self._failure = text, True, ""
        return self._parse(text)

    def changed(self) -> T | None:
        """Return what it says now, None where it says what it said at the last look.

        Raises:
            SalverError: What `read` or `parse` raises; the same again is raised no more.
        """
        try:
            text = self._read()
        except SalverError as error:
            if str(error) == self._failure:
                return None
            self._failure = str(error)
            raise
        self._failure = ""
        return None if self._was_read and text == self._seen else self._parse(self._take(text))

    def _take(self, text: str | None) -> str | None:
        self._seen, self._was_read = text, True
        return text
