"""What every loader must do, as one check to run over a loader of your own."""

from __future__ import annotations

from collections.abc import Callable

from salver.core.ids import ServableId
from salver.core.loader import Loader, LoadMetadata


def check_loader(make_loader: Callable[[], Loader], id: ServableId) -> None:
    """Take loaders from `make_loader` through a life and hold them to the guarantees written at `Loader`.

    Args:
        make_loader: Returns a new loader whose load succeeds; called a few times.
        id: The version that the loads are for.

    Raises:
        AssertionError: A guarantee is broken.
    """
    loader = make_loader()
    before = loader.estimate_resources()
    _check(before == loader.estimate_resources(), "two estimates in a row differ")
    _check(loader.servable is None, "there is a servable before the load")
    loader.load_with_metadata(LoadMetadata(id))
    servable = loader.servable
    _check(servable is not None, "there is no servable after the load")
    _check(loader.servable is servable, "the servable is not always the same object")
    after = loader.estimate_resources()
    for kind in {resource.kind for resource in after}:
        total_before = sum(quantity for resource, quantity in before.items() if resource.kind == kind)
        total_after = sum(quantity for resource, quantity in after.items() if resource.kind == kind)
        _check(total_after <= total_before, f"the estimate of {kind} grew from {total_before} to {total_after}")
    loader.unload()
    _check(loader.servable is None, "there is a servable after the unload")

    # Loads of the same version by two loaders must not disturb each other: a version may be loaded again.
    first, second = make_loader(), make_loader()
    first.load_with_metadata(LoadMetadata(id))
    second.load_with_metadata(LoadMetadata(id))
    first.unload()
    _check(second.servable is not None, "the unload of one loader took the servable of another")
    second.unload()


def _check(is_so: bool, broken: str) -> None:  # noqa: FBT001  # reads as an assertion
    if not is_so:
        raise AssertionError(broken)
