from dataclasses import replace

import pytest

from salver.boundary import UNBATCHED, BatchingPolicy
from salver.config import ServerConfig
from salver.config.batching_parameters import BatchingParameters
from salver.core.ids import ServableId
from salver.core.loader import LoadMetadata
from salver.errors import InvalidArgumentError
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.server.batching_loader import FILE_NAME
from salver.server.batching_policies import BatchingPolicies
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


EIGHT = BatchingParameters(policy=BatchingPolicy(max_batch_size=8))
OFF = BatchingParameters(policy=UNBATCHED)


def platforms(config, tensorflow, batching=None, **extra):
    library = TensorFlowLibrary(lambda _: tensorflow, find_libraries=list)
    return Platforms(config, library, batching or BatchingPolicies(OFF), extra)


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


def load(made, platform, directory, version):
    id = ServableId("m", version)
    made.loader_factory(platform)(id, directory).load_with_metadata(LoadMetadata(id))
    return id


def test_platforms_of_the_file_are_batched_as_it_says(tensorflow, version):
    by_name = {"one": replace(SERVER, enable_batching=True, batching=EIGHT), "two": SERVER}
    policies = BatchingPolicies(BatchingParameters(policy=BatchingPolicy(weight=9)))
    made = platforms(replace(SERVER, tensorflow_platforms=by_name), tensorflow, policies)
    found = [policies.of(load(made, platform, version, n)) for n, platform in enumerate(by_name)]
    assert found == [EIGHT.policy, UNBATCHED]


def test_versions_follow_the_server_unless_they_bring_their_own_parameters(tensorflow, version, tmp_path):
    policies = BatchingPolicies(EIGHT)
    (tmp_path / FILE_NAME).write_text("weight: 3")
    made = platforms(replace(SERVER, enable_batching=True, batching=EIGHT), tensorflow, policies)
    assert policies.of(load(made, "tensorflow", version, 1)) == EIGHT.policy
    per_model = replace(SERVER, enable_batching=True, enable_per_model_batching=True)
    made = platforms(per_model, tensorflow, policies)
    assert policies.of(load(made, "tensorflow", version, 2)) == BatchingPolicy(weight=3)


def test_unknown_platform_is_refused(tensorflow):
    with pytest.raises(InvalidArgumentError, match="no platform is called torch"):
        platforms(SERVER, tensorflow).loader_factory("torch")
