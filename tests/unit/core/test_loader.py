import pytest

from salver.core.ids import ServableId
from salver.core.loader import LoadMetadata, ResourceUnsafeLoader
from salver.core.resources import ResourceAllocation
from salver.errors import UnimplementedError


class PlainLoader(ResourceUnsafeLoader):
    def unload(self) -> None:
        pass

    @property
    def servable(self) -> object | None:
        return None


def test_load_is_unimplemented_by_default():
    with pytest.raises(UnimplementedError, match=r"Load isn't implemented\."):
        PlainLoader().load()


def test_load_with_metadata_forwards_to_load():
    with pytest.raises(UnimplementedError, match=r"Load isn't implemented\."):
        PlainLoader().load_with_metadata(LoadMetadata(ServableId("a", 1)))


def test_resource_unsafe_loader_needs_nothing():
    assert PlainLoader().estimate_resources() == ResourceAllocation()
