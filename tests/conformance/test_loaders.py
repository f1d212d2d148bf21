import pytest

from salver.boundary import UNBATCHED
from salver.config.batching_parameters import BatchingParameters
from salver.core.ids import ServableId
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource, ResourceAllocation
from salver.core.simple_loader import SimpleLoader
from salver.servables.page_cache import PageCacheLeavingLoader
from salver.servables.wrapping_loader import WrappingLoader
from salver.server.batching_loader import BatchingLoader
from salver.server.batching_policies import BatchingPolicies, OwnPolicy
from salver.testing.fake_loader import FakeLoader
from salver.testing.loader_conformance import check_loader

ID = ServableId("table", 1)


def ram(num_bytes: int) -> ResourceAllocation:
    return ResourceAllocation({Resource(MAIN, RAM_IN_BYTES): num_bytes})


POLICIES = BatchingPolicies(BatchingParameters())
LOADERS = {
    "WrappingLoader": lambda: WrappingLoader(FakeLoader()),
    "PageCacheLeavingLoader": lambda: PageCacheLeavingLoader(FakeLoader(), "/nowhere"),
    "BatchingLoader": lambda: BatchingLoader(FakeLoader(), ID, lambda: OwnPolicy(UNBATCHED), POLICIES),
    "FakeLoader": FakeLoader,
    "SimpleLoader": lambda: SimpleLoader(dict, lambda: ram(4)),
    "SimpleLoader with metadata": lambda: SimpleLoader.with_metadata(lambda metadata: [metadata.id]),
    "SimpleLoader with a second estimate": lambda: SimpleLoader(
        dict, lambda: ram(4), post_load_estimator=lambda: ram(3)
    ),
}


@pytest.mark.parametrize("make_loader", LOADERS.values(), ids=LOADERS)
def test_loader_keeps_its_guarantees(make_loader):
    check_loader(make_loader, ID)


def test_a_growing_estimate_is_found():
    with pytest.raises(AssertionError, match="the estimate of ram_in_bytes grew from 4 to 5"):
        check_loader(lambda: SimpleLoader(dict, lambda: ram(4), post_load_estimator=lambda: ram(5)), ID)


def test_a_servable_that_changes_is_found():
    class Loader(FakeLoader):
        @property
        def servable(self):
            return object() if super().servable else None

    with pytest.raises(AssertionError, match="not always the same object"):
        check_loader(Loader, ID)
