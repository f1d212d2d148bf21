from dataclasses import replace

import pytest

from salver.config import ServerConfig
from salver.config.batching_parameters import BatchingParameters
from salver.core.ids import ServableId
from salver.core.loader import LoadMetadata
from salver.errors import InvalidArgumentError
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.server.batch_rows import BatchRows
from salver.server.platforms import Platforms
from salver.testing.fake_dataplane import FakeTensorFlow
from salver.testing.fake_loader import FakeLoader

ID = ServableId("m", 1)
SERVER = ServerConfig(flush_filesystem_caches=False)


@pytest.fixture
def tensorflow():
    return FakeTensorFlow()


@pytest.fixture
def version(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    return str(tmp_path)


def platforms(config, tensorflow, rows=None, **extra):
    library = TensorFlowLibrary(lambda _: tensorflow, find_libraries=list)
    return Platforms(config, library, rows or BatchRows(1), extra)


def tags(made, platform, version, tensorflow):
    """The tags that a model of this platform is opened with."""
    made.loader_factory(platform)(ID, version).load_with_metadata(LoadMetadata(ID))
    return tensorflow.loads[-1][1].tags


def test_models_are_opened_as_the_server_is_configured(tensorflow, version):
    made = platforms(replace(SERVER, saved_model_tags=("serve", "gpu")), tensorflow)
    assert tags(made, "tensorflow", version, tensorflow) == ("serve", "gpu")
    assert made.is_tensorflow("tensorflow")
    assert not made.is_tensorflow("python")


def test_models_of_a_platform_of_the_file_are_opened_as_it_says(tensorflow, version):
    by_name = {"one": replace(SERVER, saved_model_tags=("1",)), "two": replace(SERVER, saved_model_tags=("2",))}
    made = platforms(replace(SERVER, tensorflow_platforms=by_name), tensorflow)
    assert tags(made, "one", version, tensorflow) == ("1",)
    assert tags(made, "two", version, tensorflow) == ("2",)
    assert made.is_tensorflow("two")


def test_built_in_platform_goes_when_the_file_does_not_list_it(tensorflow):
    made = platforms(replace(SERVER, tensorflow_platforms={"one": SERVER}), tensorflow)
    with pytest.raises(InvalidArgumentError, match="the platform config file has only one"):
        made.loader_factory("tensorflow")
    assert made.loader_factory("python")


def test_platform_of_the_program_goes_before_all_others(tensorflow):
    loader = FakeLoader()
    config = replace(SERVER, tensorflow_platforms={"mine": SERVER})
    made = platforms(config, tensorflow, mine=lambda context: lambda id, path: loader)
    assert made.loader_factory("mine")(ID, "/m") is loader
    assert not made.is_tensorflow("mine")


def test_batches_are_bounded_per_platform(tensorflow, version):
    eight = replace(SERVER, enable_batching=True, batching=BatchingParameters(max_batch_size=8))
    rows = BatchRows(1)
    made = platforms(replace(SERVER, tensorflow_platforms={"one": eight, "two": SERVER}), tensorflow, rows)
    for number, platform in enumerate(("one", "two")):
        id = ServableId(platform, number)
        made.loader_factory(platform)(id, version).load_with_metadata(LoadMetadata(id))
    assert (rows.of(ServableId("one", 0)), rows.of(ServableId("two", 1))) == (8, 1)


def test_unknown_platform_is_refused(tensorflow):
    with pytest.raises(InvalidArgumentError, match="no platform is called torch"):
        platforms(SERVER, tensorflow).loader_factory("torch")
