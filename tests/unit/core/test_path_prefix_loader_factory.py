import pytest

from salver.core.caching_manager import CachingManager
from salver.core.ids import ServableId
from salver.core.path_prefix_loader_factory import PathPrefixLoaderFactory
from salver.core.servable_request import ServableRequest, VersionChoice
from salver.core.simple_loader import SimpleLoaderSourceAdapter
from salver.core.source_adapter import ErrorInjectingSourceAdapter
from salver.errors import FailedPreconditionError, InvalidArgumentError, UnknownError


@pytest.fixture
def factory():
    return PathPrefixLoaderFactory("/prefix", SimpleLoaderSourceAdapter[str, str](str.upper))


def test_loads_from_the_name_under_the_prefix(factory):
    with (
        CachingManager(factory) as manager,
        manager.get_servable_handle(ServableRequest.latest("some/table"), str) as handle,
    ):
        assert (handle.id, handle.servable) == (ServableId("some/table", 0), "/PREFIX/SOME/TABLE")


def test_latest_and_earliest_are_version_0(factory):
    assert [factory.get_servable_version("a", choice) for choice in VersionChoice] == [0, 0]


def test_other_versions_are_refused(factory):
    with pytest.raises(FailedPreconditionError) as raised:
        factory.create_loader(ServableId("a", 1))
    assert raised.value.message == "PathPrefixLoaderFactory only supports single-version servables at version 0"


@pytest.mark.parametrize("name", ["..", "a/../../b", "/etc/passwd", "", "a//b", "./a", "a\\..\\b", "a\0b"])
def test_names_cannot_lead_out_of_the_prefix(factory, name):
    with pytest.raises(InvalidArgumentError, match="Not a servable name"):
        factory.create_loader(ServableId(name, 0))


def test_adapter_error_is_raised():
    factory = PathPrefixLoaderFactory("/prefix", ErrorInjectingSourceAdapter(UnknownError("injected")))
    with pytest.raises(UnknownError, match="injected"):
        factory.create_loader(ServableId("a", 0))
