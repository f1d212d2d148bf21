"""What every manager offers to those who use servables."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, TypeVar, overload

from salver.core.ids import ServableId
from salver.core.servable_handle import Pin, ServableHandle
from salver.core.servable_request import ServableRequest
from salver.errors import InvalidArgumentError, NotFoundError

T = TypeVar("T")


class Manager(abc.ABC):
    """Hands out handles of the servables that are available.

    Thread-safety: every method may be called from any thread. None of them waits for a load or unload, except where a
    subclass says so (`CachingManager`).
    """

    @abc.abstractmethod
    def find_pin(self, request: ServableRequest) -> Pin | None:
        """Return the pin of the available version that answers this request; for managers built on others."""

    @abc.abstractmethod
    def all_pins(self) -> Sequence[Pin]:
        """Return the pins of all available versions, in the order of their ids; for managers built on others."""

    def list_available_servable_ids(self) -> list[ServableId]:
        """Return the ids of all versions that are ready to serve, in order."""
        return [pin.id for pin in self.all_pins()]

    @overload
    def get_available_servable_handles(self) -> dict[ServableId, ServableHandle[Any]]: ...

    @overload
    def get_available_servable_handles(self, servable_type: type[T]) -> dict[ServableId, ServableHandle[T]]: ...

    def get_available_servable_handles(
        self, servable_type: type[Any] = object
    ) -> dict[ServableId, ServableHandle[Any]]:
        """Return a handle for every available version whose servable is of this type; the others are left out."""
        pins = self.all_pins()
        return {pin.id: ServableHandle(pin) for pin in pins if isinstance(pin.servable, servable_type)}

    @overload
    def get_servable_handle(self, request: ServableRequest) -> ServableHandle[Any]: ...

    @overload
    def get_servable_handle(self, request: ServableRequest, servable_type: type[T]) -> ServableHandle[T]: ...

    def get_servable_handle(self, request: ServableRequest, servable_type: type[Any] = object) -> ServableHandle[Any]:
        """Return a handle of the version that answers `request`.

        Args:
            request: Which version.
            servable_type: What the servable must be an instance of.

        Raises:
            NotFoundError: No such version is available.
            InvalidArgumentError: The servable is of another type.
        """
        pin = self.find_pin(request)
        if pin is None:
            raise NotFoundError(f"Servable not found for request: {request}")
        if not isinstance(pin.servable, servable_type):
            is_a = type(pin.servable).__name__
            del pin  # the traceback keeps this frame, and with it would keep the version loaded
            expected = servable_type.__name__
            raise InvalidArgumentError(
                f"Servable type doesn't match the asked for type. {request} is a {is_a}, asked for was a {expected}"
            )
        return ServableHandle(pin)
