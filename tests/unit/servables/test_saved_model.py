import pytest

from salver.boundary import TensorFlowOptions
from salver.core.ids import ServableId
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource
from salver.errors import InvalidArgumentError, NotFoundError, UnimplementedError
from salver.servables.saved_model import SavedModelLoader
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.testing.fake_dataplane import FakeTensorFlow

RAM = Resource(MAIN, RAM_IN_BYTES)


@pytest.fixture
def directory(tmp_path):
    version = tmp_path / "m" / "7"
    (version / "variables").mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(bytes(1000))
    (version / "variables" / "variables.data-00000-of-00001").write_bytes(bytes(500))
    return version


def make_loader(directory, tensorflow, **settings):
    library = TensorFlowLibrary(lambda _: tensorflow, find_libraries=list)
    return SavedModelLoader(ServableId("m", 7), str(directory), library, **settings)


def measures(*numbers):
    remaining = list(numbers)
    return lambda: remaining.pop(0)


def test_load_hands_directory_and_options_to_the_runtime(directory):
    tensorflow = FakeTensorFlow()
    options = TensorFlowOptions(tags=("serve", "gpu"), inter_op_threads=3)
    loader = make_loader(directory, tensorflow, options=options)
    assert loader.servable is None
    loader.load()
    assert tensorflow.loads == [(str(directory), options)]
    assert loader.servable.run("serving_default", {"x": [1.0]})["y"] == [2.5]


def test_unload_closes_the_model(directory):
    loader = make_loader(directory, FakeTensorFlow())
    loader.load()
    model = loader.servable.native_model
    loader.unload()
    assert model.is_closed
    assert loader.servable is None


def test_estimate_before_the_load_is_from_all_files(directory):
    loader = make_loader(directory, FakeTensorFlow())
    assert loader.estimate_resources() == {RAM: 1800}


def test_estimate_does_not_change_when_files_do(directory):
    loader = make_loader(directory, FakeTensorFlow())
    loader.estimate_resources()
    (directory / "more").write_bytes(bytes(1000))
    assert loader.estimate_resources() == {RAM: 1800}


@pytest.mark.parametrize(
    ("before", "after", "estimate"),
    [(100, 1300, 1200), (100, 150, 500), (100, 50, 500), (100, 9000, 1800), (None, None, 1800)],
    ids=["growth", "at least the variables", "shrunk", "never above the first", "not measurable"],
)
def test_estimate_after_the_load_is_what_was_measured(directory, before, after, estimate):
    loader = make_loader(directory, FakeTensorFlow(), measure_memory=measures(before, after))
    loader.estimate_resources()
    loader.load()
    assert loader.estimate_resources() == {RAM: estimate}


def test_failed_load_names_model_and_version_and_no_path(directory):
    tensorflow = FakeTensorFlow()

    def fail(path):
        raise NotFoundError(f"no MetaGraphDef with tags {{ x }} in {path}/saved_model.pb")

    tensorflow.on_load = fail
    loader = make_loader(directory, tensorflow)
    with pytest.raises(NotFoundError) as caught:
        loader.load()
    assert caught.value.message == (
        "SavedModel m version 7 cannot be loaded: no MetaGraphDef with tags { x } in DIRECTORY/saved_model.pb"
    )
    assert loader.servable is None


def test_failed_load_keeps_the_code_of_the_runtime(directory):
    tensorflow = FakeTensorFlow()

    def fail(path):
        raise InvalidArgumentError("bad graph")

    tensorflow.on_load = fail
    with pytest.raises(InvalidArgumentError, match="bad graph"):
        make_loader(directory, tensorflow).load()


def test_directory_without_a_graph_is_not_found(tmp_path):
    with pytest.raises(NotFoundError) as caught:
        make_loader(tmp_path, FakeTensorFlow()).load()
    assert "m version 7" in caught.value.message
    assert str(tmp_path) not in caught.value.message


def test_session_bundle_is_unimplemented(tmp_path):
    (tmp_path / "export.meta").touch()
    with pytest.raises(UnimplementedError):
        make_loader(tmp_path, FakeTensorFlow()).load()
