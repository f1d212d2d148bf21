import dataclasses
import importlib.metadata

import pytest

from salver.core.ids import ServableId
from salver.errors import InvalidArgumentError
from salver.servables import loaders
from salver.servables.loaders import BUILT_IN, PlatformContext, PlatformRegistry
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.servables.tflite.options import TfLiteOptions
from salver.testing.fake_dataplane import FakeTensorFlow


@pytest.fixture
def context():
    return PlatformContext(tensorflow_library=TensorFlowLibrary(lambda _: FakeTensorFlow(), find_libraries=list))


@pytest.mark.parametrize("platform", sorted(BUILT_IN))
def test_built_in_platforms_make_loaders(context, platform):
    loader = PlatformRegistry(context).loader_factory(platform)(ServableId("m", 1), "/nowhere")
    assert loader.servable is None


def test_unknown_platform_names_the_known_ones(context):
    with pytest.raises(InvalidArgumentError, match="no platform is called torch; known: .*tensorflow"):
        PlatformRegistry(context).loader_factory("torch")


def test_platforms_of_the_program_come_first(context):
    registry = PlatformRegistry(context, {"tensorflow": lambda given: (given, "factory")})
    assert registry.loader_factory("tensorflow") == (context, "factory")


def test_platform_is_made_once(context):
    made = []
    registry = PlatformRegistry(context, {"p": lambda given: made.append(given) or "factory"})
    assert registry.loader_factory("p") == registry.loader_factory("p")
    assert len(made) == 1


def test_installed_platforms_are_found_by_entry_point(context, monkeypatch):
    point = importlib.metadata.EntryPoint(
        "installed", "salver.servables.lookup_table:platform", loaders.ENTRY_POINT_GROUP
    )
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point])
    assert PlatformRegistry(context).loader_factory("installed").__name__ == "LookupTableLoader"


def test_platform_that_cannot_be_imported_is_an_invalid_argument(context, monkeypatch):
    point = importlib.metadata.EntryPoint("broken", "salver.no_such_module:platform", loaders.ENTRY_POINT_GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point])
    with pytest.raises(InvalidArgumentError, match="platform broken cannot be imported"):
        PlatformRegistry(context).loader_factory("broken")


@pytest.mark.parametrize(
    ("prefer_tflite", "files", "loader"),
    [
        (True, ["model.tflite", "saved_model.pb"], "TfLiteLoader"),
        (True, ["saved_model.pb"], "SavedModelLoader"),
        (False, ["model.tflite", "saved_model.pb"], "SavedModelLoader"),
        (False, ["model.tflite"], "SavedModelLoader"),
    ],
)
def test_tensorflow_platform_takes_tflite_where_preferred_and_there(context, tmp_path, prefer_tflite, files, loader):
    for name in files:
        (tmp_path / name).touch()
    context = dataclasses.replace(context, tflite_options=TfLiteOptions(prefer_tflite=prefer_tflite))
    factory = PlatformRegistry(context).loader_factory("tensorflow")
    assert type(factory(ServableId("m", 1), str(tmp_path))).__name__ == loader
