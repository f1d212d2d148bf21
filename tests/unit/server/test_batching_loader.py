import pytest

from salver.boundary import UNBATCHED, BatchingPolicy
from salver.config.batching_parameters import BatchingParameters
from salver.core.ids import ServableId
from salver.core.loader import LoadMetadata
from salver.errors import InvalidArgumentError
from salver.server.batching_loader import FILE_NAME, BatchingLoader, policy_of_directory
from salver.server.batching_policies import BatchingPolicies
from salver.testing.fake_loader import FakeLoader

ID = ServableId("m", 1)
SERVER = BatchingPolicy(weight=9)


@pytest.fixture
def policies():
    return BatchingPolicies(BatchingParameters(policy=SERVER))


@pytest.fixture
def loader(policies, tmp_path):
    return BatchingLoader(FakeLoader(), ID, lambda: policy_of_directory(str(tmp_path)), policies)


def test_file_of_a_version_holds_alone_while_it_is_loaded(loader, policies, tmp_path):
    (tmp_path / FILE_NAME).write_text("max_batch_size { value: 3 }")
    loader.load_with_metadata(LoadMetadata(ID))
    assert policies.of(ID) == BatchingPolicy(is_adaptive=False, max_batch_size=3)
    loader.unload()
    assert policies.of(ID) == SERVER


def test_version_without_the_file_is_not_batched(loader, policies):
    loader.load_with_metadata(LoadMetadata(ID))
    assert policies.of(ID) == UNBATCHED


def test_wrong_file_fails_the_load_before_anything_is_loaded(policies, tmp_path):
    (tmp_path / FILE_NAME).write_text("max_batch_size { value: 0 }")
    inner = FakeLoader()
    loader = BatchingLoader(inner, ID, lambda: policy_of_directory(str(tmp_path)), policies)
    with pytest.raises(InvalidArgumentError, match=f"{FILE_NAME}: max_batch_size must be 1 or more"):
        loader.load_with_metadata(LoadMetadata(ID))
    assert inner.servable is None
    assert policies.own() == {}


def test_what_the_file_says_in_vain_is_told(loader, tmp_path, caplog):
    (tmp_path / FILE_NAME).write_text("num_batch_threads { value: 3 }")
    loader.load_with_metadata(LoadMetadata(ID))
    (line,) = caplog.messages
    assert f"{FILE_NAME}: num_batch_threads without effect" in line
