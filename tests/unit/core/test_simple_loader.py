import gc
import weakref

import pytest

from salver.core.ids import ServableId
from salver.core.loader import LoadMetadata
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource, ResourceAllocation
from salver.core.servable_data import ServableData
from salver.core.simple_loader import SimpleLoader, SimpleLoaderSourceAdapter, estimate_no_resources
from salver.errors import FailedPreconditionError, InvalidArgumentError

METADATA = LoadMetadata(ServableId("a", 1))


class Table(dict[str, str]):
    """A dict that can be weakly referenced."""


def ram(num_bytes: int) -> ResourceAllocation:
    return ResourceAllocation({Resource(MAIN, RAM_IN_BYTES): num_bytes})


def make(kind, creator, *args, **kwargs):
    """A loader whose creator takes nothing, or metadata."""
    if kind == "plain":
        return SimpleLoader(creator, *args, **kwargs)
    return SimpleLoader.with_metadata(lambda metadata: creator(), *args, **kwargs)


both_kinds = pytest.mark.parametrize("kind", ["plain", "metadata"])


@both_kinds
def test_creates_on_load_and_destroys_on_unload(kind):
    created = []

    def create():
        table = Table()
        created.append(weakref.ref(table))
        return table

    loader = make(kind, create)
    assert loader.servable is None
    assert created == []
    loader.load_with_metadata(METADATA)
    assert isinstance(loader.servable, Table)
    assert loader.servable is loader.servable
    loader.unload()
    assert loader.servable is None
    gc.collect()
    assert created[0]() is None


@both_kinds
def test_on_unload_is_called_once_with_the_servable(kind):
    closed = []
    loader = make(kind, lambda: "servable", on_unload=closed.append)
    loader.load_with_metadata(METADATA)
    loader.unload()
    loader.unload()
    assert closed == ["servable"]


@both_kinds
def test_estimate_is_made_once(kind):
    calls = []

    def estimate():
        calls.append(1)
        return ram(5)

    loader = make(kind, dict, estimate)
    assert [loader.estimate_resources(), loader.estimate_resources()] == [ram(5), ram(5)]
    loader.load_with_metadata(METADATA)
    assert loader.estimate_resources() == ram(5)
    assert len(calls) == 1


@both_kinds
def test_failed_estimate_is_not_remembered(kind):
    answers = [InvalidArgumentError("not yet"), ram(5)]

    def estimate():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    loader = make(kind, dict, estimate)
    with pytest.raises(InvalidArgumentError):
        loader.estimate_resources()
    assert loader.estimate_resources() == ram(5)


@both_kinds
def test_post_load_estimate_replaces_the_first(kind):
    loader = make(kind, dict, lambda: ram(9), post_load_estimator=lambda: ram(4))
    assert loader.estimate_resources() == ram(9)
    loader.load_with_metadata(METADATA)
    assert loader.estimate_resources() == ram(4)


@both_kinds
def test_creator_error_is_raised_and_the_load_may_be_tried_again(kind):
    answers = [InvalidArgumentError("no file"), "servable"]

    def create():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    loader = make(kind, create)
    with pytest.raises(InvalidArgumentError, match="no file"):
        loader.load_with_metadata(METADATA)
    assert loader.servable is None
    loader.load_with_metadata(METADATA)
    assert loader.servable == "servable"


def test_plain_creator_works_with_and_without_metadata():
    for load in (lambda loader: loader.load(), lambda loader: loader.load_with_metadata(METADATA)):
        loader = SimpleLoader(lambda: "servable")
        load(loader)
        assert loader.servable == "servable"


def test_metadata_creator_is_told_the_id_and_refuses_a_plain_load():
    loader = SimpleLoader.with_metadata(lambda metadata: str(metadata.id))
    with pytest.raises(FailedPreconditionError):
        loader.load()
    loader.load_with_metadata(METADATA)
    assert loader.servable == "{name: a version: 1}"


def test_estimate_no_resources_is_empty():
    assert estimate_no_resources() == ResourceAllocation()


def test_adapter_binds_the_data_and_its_loaders_outlive_it():
    adapter = SimpleLoaderSourceAdapter[str, str](str.upper, lambda data: ram(len(data)))
    loader = adapter.adapt_one_version(ServableData(ServableId("a", 1), "abc")).data
    adapter.detach()
    del adapter
    assert loader.estimate_resources() == ram(3)
    loader.load_with_metadata(METADATA)
    assert loader.servable == "ABC"


def test_adapter_without_estimator_estimates_nothing():
    adapter = SimpleLoaderSourceAdapter[str, str](str.upper)
    loader = adapter.adapt_one_version(ServableData(ServableId("a", 1), "abc")).data
    assert loader.estimate_resources() == ResourceAllocation()
