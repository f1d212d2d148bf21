import shutil

import numpy as np
import pytest

from salver.core.ids import ServableId
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource
from salver.errors import InvalidArgumentError, NotFoundError
from salver.servables.tflite.loader import TfLiteLoader
from salver.servables.tflite.options import TfLiteOptions
from salver.testing.loader_conformance import check_loader
from tests.support.models import MODELS

ID = ServableId("m", 3)
HALF = MODELS / "tflite_half_plus_two" / "1"


def make_loader(directory=HALF, **options):
    return TfLiteLoader(ID, str(directory), TfLiteOptions(**options))


def test_it_keeps_the_guarantees_of_a_loader():
    check_loader(make_loader, ID)


def test_loaded_it_answers_and_unloaded_it_is_gone():
    loader = make_loader()
    loader.load()
    assert loader.servable.run("serving_default", {"x": np.float32([3])})["y"] == [3.5]
    loader.unload()
    assert loader.servable is None


def test_estimate_is_a_copy_for_each_interpreter_and_the_file():
    num_bytes = (HALF / "model.tflite").stat().st_size
    loader = make_loader(num_pools=3, num_interpreters_per_pool=2)
    assert loader.estimate_resources() == {Resource(MAIN, RAM_IN_BYTES): 7 * num_bytes}


def test_a_directory_without_the_file_is_not_found_and_not_named(tmp_path):
    with pytest.raises(NotFoundError) as caught:
        make_loader(tmp_path).load()
    assert caught.value.message == "TFLite model m version 3 has no file model.tflite"


def test_a_failed_load_names_model_and_version_and_keeps_the_code():
    loader = make_loader(MODELS / "tflite_damaged" / "1")
    with pytest.raises(InvalidArgumentError) as caught:
        loader.load()
    assert caught.value.message.startswith("TFLite model m version 3 cannot be loaded: ")
    assert loader.servable is None


def test_a_file_overwritten_while_it_serves_changes_nothing(tmp_path):
    shutil.copy(HALF / "model.tflite", tmp_path)
    loader = make_loader(tmp_path, num_pools=2)
    loader.load()
    (tmp_path / "model.tflite").write_bytes(b"")
    with loader.servable._pool.borrow(None):  # so that another interpreter is made
        assert loader.servable.run("serving_default", {"x": np.float32([3])})["y"] == [3.5]
