"""What a servable occupies, and arithmetic over it.

A *resource* is a kind of quantity on a device: RAM of the host, memory of one GPU. It is *bound* when it names the
device's instance, *unbound* when it will be on some instance, not yet known. Kinds and devices are open strings; the
constants below are those that Salver itself uses. Quantities are whole numbers >= 0 in the unit that the kind names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from salver.errors import InvalidArgumentError

MAIN = "main"
"""The host."""
GPU = "gpu"
TPU = "tpu"

RAM_IN_BYTES = "ram_in_bytes"
"""Memory of the device: host RAM on `main`, device memory elsewhere."""
NUM_MODEL_SLOTS = "num_model_slots"
PROCESSING_IN_MILLICORES = "processing_in_millicores"


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of quantity on a device."""

    device: str
    kind: str
    instance: int | None = None
    """Number of the device's instance, from 0; None while unbound."""

    @property
    def is_bound(self) -> bool:
        """Whether the device's instance is known."""
        return self.instance is not None

    def __str__(self) -> str:
        place = self.device if self.instance is None else f"{self.device}:{self.instance}"
        return f"{place}/{self.kind}"


class ResourceAllocation(Mapping[Resource, int]):
    """Immutable quantities by resource; what is absent counts as 0.

    Equality and hash compare the entries as they stand; `ResourceUtil.equal` compares what they mean.
    """

    __slots__ = ("_quantities",)

    def __init__(self, entries: Mapping[Resource, int] | Iterable[tuple[Resource, int]] = ()) -> None:
        """Make an allocation of these entries.

        Raises:
            InvalidArgumentError: A resource is given twice, or a quantity is negative.
        """
        pairs = entries.items() if isinstance(entries, Mapping) else entries
        self._quantities: dict[Resource, int] = {}
        for resource, quantity in pairs:
            if resource in self._quantities:
                raise InvalidArgumentError(f"Invalid resource allocation: Repeated resource {resource}")
            if quantity < 0:
                raise InvalidArgumentError(f"Invalid resource allocation: Negative quantity {quantity} of {resource}")
            self._quantities[resource] = quantity

    def quantity(self, resource: Resource) -> int:
        """Return the quantity of exactly this resource, 0 if absent."""
        return self._quantities.get(resource, 0)

    def __getitem__(self, resource: Resource) -> int:
        return self._quantities[resource]

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._quantities)

    def __len__(self) -> int:
        return len(self._quantities)

    def __hash__(self) -> int:
        return hash(frozenset(self._quantities.items()))

    def __str__(self) -> str:
        return "{" + ", ".join(sorted(f"{resource}: {quantity}" for resource, quantity in self.items())) + "}"

    def __repr__(self) -> str:
        return f"ResourceAllocation({self})"


class ResourceUtil:
    """Arithmetic over allocations on a fixed set of devices.

    All operations are pure: operands stay as they are and results are normalised (see `normalize`). They expect valid
    operands; check what comes from outside with `verify_validity`.
    """

    def __init__(self, devices: Mapping[str, int]) -> None:
        """Know these devices.

        Args:
            devices: Number of instances by device name; a device with none is unknown.
        """
        self._devices = {device: count for device, count in devices.items() if count > 0}

    def verify_validity(self, allocation: ResourceAllocation) -> None:
        """Check that every entry names a known device and instance.

        Raises:
            InvalidArgumentError: It does not.
        """
        for resource in allocation:
            count = self._devices.get(resource.device, 0)
            if not count:
                raise InvalidArgumentError(f"Invalid resource allocation: Invalid device {resource.device}")
            if resource.instance is not None and not 0 <= resource.instance < count:
                place = f"{resource.device}:{resource.instance}"
                raise InvalidArgumentError(f"Invalid resource allocation: Invalid device instance {place}")

    def normalize(self, allocation: ResourceAllocation) -> ResourceAllocation:
        """Drop zero quantities and bind resources on single-instance devices to instance 0."""
        return _sum((self._bind_if_single(resource), quantity) for resource, quantity in allocation.items())

    def is_normalized(self, allocation: ResourceAllocation) -> bool:
        """Whether `normalize` would change nothing."""
        return self.normalize(allocation) == allocation

    def is_bound(self, allocation: ResourceAllocation) -> bool:
        """Whether every entry is bound, once normalised."""
        return all(resource.is_bound for resource in self.normalize(allocation))

    def create_bound_resource(self, device: str, kind: str, instance: int = 0) -> Resource:
        """Name a resource on a known instance."""
        return Resource(device, kind, instance)

    def get_quantity(self, resource: Resource, allocation: ResourceAllocation) -> int:
        """Return the quantity of a resource; on a single-instance device bound and unbound are the same."""
        return self.normalize(allocation).quantity(self._bind_if_single(resource))

    def set_quantity(self, resource: Resource, quantity: int, allocation: ResourceAllocation) -> ResourceAllocation:
        """Return the allocation with one quantity replaced; 0 removes the entry."""
        entries = dict(self.normalize(allocation))
        entries[self._bind_if_single(resource)] = quantity
        return self.normalize(ResourceAllocation(entries))

    def add(self, left: ResourceAllocation, right: ResourceAllocation) -> ResourceAllocation:
        """Return the sum; bound and unbound entries stay separate."""
        return self._combine(left, right, lambda a, b: a + b)

    def subtract(self, amount: ResourceAllocation, whole: ResourceAllocation) -> ResourceAllocation | None:
        """Return `whole` less `amount`, or None if an entry would become negative."""
        amount, whole = self.normalize(amount), self.normalize(whole)
        if any(quantity > whole.quantity(resource) for resource, quantity in amount.items()):
            return None
        return self._combine(whole, amount, lambda a, b: a - b)

    def multiply(self, factor: int, allocation: ResourceAllocation) -> ResourceAllocation:
        """Return every quantity times `factor`, which is >= 0."""
        scaled = {resource: quantity * factor for resource, quantity in allocation.items()}
        return self.normalize(ResourceAllocation(scaled))

    def equal(self, left: ResourceAllocation, right: ResourceAllocation) -> bool:
        """Whether both mean the same."""
        return self.normalize(left) == self.normalize(right)

    def less_than_or_equal(self, left: ResourceAllocation, right: ResourceAllocation) -> bool:
        """Whether `left` fits into `right`.

        First the bound part of `left` is taken from `right`; then each unbound entry must, on its own, fit on some
        instance of what remains. Unbound entries are not added up: two that each fit pass even if both need the same
        room.

        Args:
            left: May hold unbound entries.
            right: Must be bound.

        Raises:
            InvalidArgumentError: `right` is not bound.
        """
        if not self.is_bound(right):
            raise InvalidArgumentError(f"Resources to compare with must be bound: {right}")
        left = self.normalize(left)
        bound = ResourceAllocation({resource: quantity for resource, quantity in left.items() if resource.is_bound})
        rest = self.subtract(bound, right)
        if rest is None:
            return False
        return all(self._fits_somewhere(resource, left[resource], rest) for resource in left if not resource.is_bound)

    def overbind(self, allocation: ResourceAllocation) -> ResourceAllocation:
        """Count each unbound quantity on every instance of its device: the pessimistic bound allocation."""
        return _sum(
            (instance, quantity)
            for resource, quantity in self.normalize(allocation).items()
            for instance in self._instances(resource)
        )

    def max(self, left: ResourceAllocation, right: ResourceAllocation) -> ResourceAllocation:
        """Return the larger quantity of each entry; bound and unbound entries are different ones."""
        return self._combine(left, right, max)

    def min(self, left: ResourceAllocation, right: ResourceAllocation) -> ResourceAllocation:
        """Return the smaller quantity of each entry; an entry missing on one side is dropped."""
        return self._combine(left, right, min)

    def verify_override_device_validity(self, base: ResourceAllocation, override: ResourceAllocation) -> None:
        """Check that `override` speaks only of devices and kinds that `base` has; instances and quantities are ignored.

        Raises:
            InvalidArgumentError: It does not.
        """
        known = {(resource.device, resource.kind) for resource in base}
        for resource in override:
            if (resource.device, resource.kind) not in known:
                what = f"{resource.device}/{resource.kind}"
                raise InvalidArgumentError(f"Invalid resource override: {what} is not in what it overrides")

    def _bind_if_single(self, resource: Resource) -> Resource:
        if resource.instance is None and self._devices.get(resource.device) == 1:
            return replace(resource, instance=0)
        return resource

    def _instances(self, resource: Resource) -> Iterator[Resource]:
        if resource.is_bound:
            yield resource
            return
        for instance in range(self._devices.get(resource.device, 0)):
            yield replace(resource, instance=instance)

    def _fits_somewhere(self, resource: Resource, quantity: int, room: ResourceAllocation) -> bool:
        return any(quantity <= room.quantity(instance) for instance in self._instances(resource))

    def _combine(
        self, left: ResourceAllocation, right: ResourceAllocation, operate: Callable[[int, int], int]
    ) -> ResourceAllocation:
        left, right = self.normalize(left), self.normalize(right)
        resources = dict.fromkeys([*left, *right])
        return _sum((resource, operate(left.quantity(resource), right.quantity(resource))) for resource in resources)


def _sum(entries: Iterable[tuple[Resource, int]]) -> ResourceAllocation:
    """Add up entries of the same resource and drop zeros."""
    quantities: dict[Resource, int] = {}
    for resource, quantity in entries:
        quantities[resource] = quantities.get(resource, 0) + quantity
    return ResourceAllocation({resource: quantity for resource, quantity in quantities.items() if quantity})
