"""Handles: the right to use one servable version, and the pins that keep it loaded meanwhile.

The theory. A *pin* is one small object per loaded version. The serving map and every handle refer to it, and nobody
else does; so when the map has dropped a version and its last handle is gone, the interpreter's own reference count
ends the pin, and the end of the pin is the news that the version may be unloaded. That makes look-up and release
cheap (no lock, no counter), leaves no moment between look-up and pin, and makes a forgotten `release` harmless.

A pin's end runs on the thread that let go last, often one that serves requests. So it does two things only: it drops
its reference to the servable, which its loader still holds, and then says so with one call that cannot block. The
servable itself is always destroyed by the manager.

A handle pins its own version and nothing else; in particular not the map in which it was found.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from salver.core.ids import ServableId
from salver.errors import FailedPreconditionError

T = TypeVar("T")


class PinWatch:
    """Outlives a pin and knows whether it has ended."""

    __slots__ = ("_on_released", "id", "is_released")

    def __init__(self, id: ServableId) -> None:
        self.id = id
        self.is_released = False
        """Whether the version is out of the map and its last handle gone."""
        self._on_released: Callable[[PinWatch], object] | None = None

    def notify(self, on_released: Callable[[PinWatch], object]) -> None:
        """Call `on_released` once the pin has ended, or now if it has; possibly twice.

        It runs on any thread, inside a destructor: it must be re-entrant and must not block.
        """
        self._on_released = on_released
        # Set, then looked at, on both sides in opposite order: one of the two sees the other.
        if self.is_released:
            on_released(self)

    def end(self) -> None:
        """The pin has ended; only `Pin` calls this."""
        self.is_released = True
        on_released = self._on_released
        if on_released is not None:
            on_released(self)


class Pin:
    """What handles share; see the module's theory. Only `ServingMap` makes pins."""

    __slots__ = ("_watch", "id", "servable")

    def __init__(self, servable: object, watch: PinWatch) -> None:
        self._watch = watch
        self.id = watch.id
        self.servable: object = servable

    def __del__(self) -> None:
        self.servable = None
        self._watch.end()


class _Released:
    """Stands in a handle for the pin it gave back."""

    __slots__ = ()

    @property
    def servable(self) -> object:
        raise FailedPreconditionError("This servable handle was released.")

    id = servable


_RELEASED = _Released()


class ServableHandle(Generic[T]):
    """Keeps one servable version loaded and gives access to it.

        with manager.get_servable_handle(ServableRequest.latest("table"), dict) as table:
            value = table.servable["key"]

    Hold it for one request: its version is not unloaded before it is released (other versions and models are not
    held up). It ends with the `with` block, with `release`, or with the handle itself. Do not keep `servable` longer.

    Thread-safety: may be used and released from any thread; one handle is released by one thread.
    """

    __slots__ = ("_pin",)

    def __init__(self, pin: Pin) -> None:
        self._pin: Pin | _Released = pin

    @property
    def servable(self) -> T:
        """The servable.

        Raises:
            FailedPreconditionError: The handle was released.
        """
        return self._pin.servable  # type: ignore[return-value]  # the look-up has checked the type

    @property
    def id(self) -> ServableId:
        """Name and version of the servable.

        Raises:
            FailedPreconditionError: The handle was released.
        """
        return self._pin.id  # type: ignore[return-value]  # a released pin raises

    def release(self) -> None:
        """Give the version back; a second call does nothing. Never blocks and never destroys the servable."""
        self._pin = _RELEASED

    def __enter__(self) -> ServableHandle[T]:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._pin = _RELEASED

    def __bool__(self) -> bool:
        return self._pin is not _RELEASED

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServableHandle):
            return NotImplemented
        return self._pin is other._pin

    def __hash__(self) -> int:
        return hash(self._pin)

    def __repr__(self) -> str:
        return f"ServableHandle({self._pin.id})" if self else "ServableHandle(released)"
