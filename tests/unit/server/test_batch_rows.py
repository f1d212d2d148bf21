import pytest

from salver.config import ServerConfig
from salver.config.batching_parameters import BatchingParameters
from salver.core.ids import ServableId
from salver.core.loader import LoadMetadata
from salver.errors import InvalidArgumentError
from salver.server.batch_rows import FILE_NAME, BatchRows, BatchRowsLoader, max_batch_rows
from salver.testing.fake_loader import FakeLoader

ID = ServableId("m", 1)
PER_MODEL = ServerConfig(enable_batching=True, enable_per_model_batching=True)


@pytest.mark.parametrize(
    ("config", "rows"),
    [
        (ServerConfig(), 1),
        (ServerConfig(batching=BatchingParameters(max_batch_size=8)), 1),
        (ServerConfig(enable_batching=True), 1000),
        (ServerConfig(enable_batching=True, batching=BatchingParameters(max_batch_size=8)), 8),
    ],
)
def test_rows_are_joined_where_batching_is_on(config, rows):
    assert max_batch_rows(config) == rows


def load(config, directory):
    rows = BatchRows(default=7)
    loader = BatchRowsLoader(FakeLoader(), ID, str(directory), config, rows)
    loader.load_with_metadata(LoadMetadata(ID))
    return loader, rows


def test_limit_of_the_platform_holds_while_the_version_is_loaded(tmp_path):
    loader, rows = load(ServerConfig(enable_batching=True, batching=BatchingParameters(max_batch_size=8)), tmp_path)
    assert rows.of(ID) == 8
    assert rows.of(ServableId("other", 1)) == 7
    loader.unload()
    assert rows.of(ID) == 7


def test_file_of_the_version_is_not_looked_at_unless_it_is_asked_for(tmp_path):
    (tmp_path / FILE_NAME).write_text("max_batch_size { value: 3 }")
    _, rows = load(ServerConfig(enable_batching=True), tmp_path)
    assert rows.of(ID) == 1000


def test_version_brings_its_own_limit(tmp_path):
    (tmp_path / FILE_NAME).write_text("max_batch_size { value: 3 }")
    _, rows = load(PER_MODEL, tmp_path)
    assert rows.of(ID) == 3


def test_version_without_the_file_is_not_batched(tmp_path):
    _, rows = load(PER_MODEL, tmp_path)
    assert rows.of(ID) == 1


def test_wrong_file_fails_the_load_before_anything_is_loaded(tmp_path):
    (tmp_path / FILE_NAME).write_text("max_batch_size { value: 0 }")
    inner = FakeLoader()
    with pytest.raises(InvalidArgumentError, match="max_batch_size must be 1 or more"):
        BatchRowsLoader(inner, ID, str(tmp_path), PER_MODEL, BatchRows(1)).load_with_metadata(LoadMetadata(ID))
    assert inner.servable is None
