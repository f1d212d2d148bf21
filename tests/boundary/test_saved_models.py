"""SavedModels through the extension and TensorFlow's libraries, as far as they need no server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from salver import wire
from salver.boundary import DataPlaneOptions, NativeModel, TensorFlowOptions
from salver.core.ids import ServableId
from salver.dataplane import NativeDataPlane
from salver.errors import Code, SalverError
from salver.servables.saved_model import SavedModelLoader
from salver.servables.tensorflow_library import TensorFlowLibrary
from tests.support.models import MODELS


@pytest.fixture(scope="module")
def library() -> Iterator[TensorFlowLibrary]:
    plane = NativeDataPlane(DataPlaneOptions())
    yield TensorFlowLibrary(plane.open_tensorflow)
    plane.stop()


def load(
    library: TensorFlowLibrary, name: str, *, folder: Path = MODELS, tags: tuple[str, ...] = ("serve",)
) -> NativeModel:
    options = TensorFlowOptions(tags=tags)
    loader = SavedModelLoader(ServableId(name, 1), str(folder / name / "1"), library, options)
    loader.load()
    assert loader.servable is not None
    return loader.servable.native_model


def load_error(library: TensorFlowLibrary, name: str, **options: Any) -> SalverError:
    with pytest.raises(SalverError) as caught:
        load(library, name, **options)
    return caught.value


def words(*values: bytes) -> np.ndarray[Any, Any]:
    return np.array(values, object)


def example(**features: float) -> bytes:
    """A serialized tf.Example with one float in each feature."""
    made = wire.Example()
    for name, value in features.items():
        made.features.feature[name].float_list.value.append(value)
    serialized: bytes = made.SerializeToString()
    return serialized


def test_example_scorer_scores_examples_and_puts_the_better_class_first(library: TensorFlowLibrary) -> None:
    model = load(library, "example_scorer")
    examples = np.array([example(x=2), example(x=-4), example(y=3), example(x=2) + example(x=4, y=1)], object)

    def run(signature: str) -> dict[str, Any]:
        return {name: array.tolist() for name, array in model.run(signature, {"inputs": examples}).items()}

    classes = [[b"high", b"low"], [b"low", b"high"], [b"high", b"low"], [b"high", b"low"]]
    scores = [[3.0, -2.0], [1.0, 0.0], [5.0, -4.0], [5.0, -4.0]]
    assert run("classify_x") == {"classes": classes, "scores": scores}
    assert run("classify_scores_only") == {"scores": scores}
    assert run("classify_classes_only") == {"classes": classes}
    assert run("regress_x") == {"outputs": [[3.0], [0.0], [5.0], [5.0]]}
    assert run("regress_flat") == {"outputs": [3.0, 0.0, 5.0, 5.0]}
    assert model.run("serving_default", {"x": np.float32([2.0])})["score"].tolist() == [3.0]


@pytest.mark.parametrize("name", ["init_signature", "init_collection", "init_legacy", "lookup"])
def test_tables_are_filled_from_their_asset_by_whatever_names_the_initialiser(
    library: TensorFlowLibrary, name: str
) -> None:
    numbers = load(library, name).run("serving_default", {"words": words(b"two", b"zero", b"three")})["numbers"]
    assert numbers.tolist() == [2, 0, -1]


def test_a_collection_with_two_initialisers_is_a_failed_precondition(library: TensorFlowLibrary) -> None:
    error = load_error(library, "init_twice")
    assert error.code is Code.FAILED_PRECONDITION
    assert "exactly one main op" in error.message


@pytest.mark.parametrize(("name", "asset"), [("init_collection", "words.txt"), ("vocabulary", "vocabulary.txt")])
def test_a_lost_asset_is_named_without_the_folder_of_the_server(
    library: TensorFlowLibrary, tmp_path: Path, name: str, asset: str
) -> None:
    shutil.copytree(MODELS / name / "1", tmp_path / name / "1")
    (tmp_path / name / "1" / "assets" / asset).unlink()
    error = load_error(library, name, folder=tmp_path)
    assert f"assets/{asset}" in error.message
    assert str(tmp_path) not in error.message


def test_tables_of_assets_and_of_constants_give_rows_and_strings(library: TensorFlowLibrary) -> None:
    model = load(library, "vocabulary")
    rows = model.run("serving_default", {"words": words(b"cat", b"apple", b"ant")})["rows"].tolist()
    assert rows[:2] == [3, 0]
    assert rows[2] in {4, 5}
    answer = model.run("classify_words", {"inputs": words(b"dog", b"pear", b"ant")})
    assert answer["classes"].tolist() == [[b"animal"], [b"fruit"], [b"unknown"]]
    assert answer["scores"][:2].tolist() == [[2.0], [1.0]]


@pytest.mark.parametrize(("tags", "expected"), [(("serve",), 2.0), (("gpu", "serve"), 3.0)])
def test_tags_choose_the_meta_graph_in_any_order(
    library: TensorFlowLibrary, tags: tuple[str, ...], expected: float
) -> None:
    model = load(library, "two_tag_sets", tags=tags)
    assert model.run("serving_default", {"x": np.float32([1])})["y"].tolist() == [expected]


@pytest.mark.parametrize("tags", [("gpu",), ("serve", "gpu", "tpu"), ()])
def test_tags_that_no_meta_graph_has_exactly_are_not_found_and_named(
    library: TensorFlowLibrary, tags: tuple[str, ...]
) -> None:
    error = load_error(library, "two_tag_sets", tags=tags)
    assert error.code is Code.NOT_FOUND
    assert all(tag in error.message for tag in tags)


def test_a_model_in_text_form_runs(library: TensorFlowLibrary) -> None:
    answer = load(library, "text_format").run("serving_default", {"x": np.float32([1])})
    assert answer["y"].tolist() == [2.5]


def test_a_model_without_variables_runs(library: TensorFlowLibrary) -> None:
    assert not (MODELS / "example_scorer" / "1" / "variables" / "variables.index").exists()
    assert load(library, "example_scorer").run("serving_default", {"x": np.float32([0])})["score"].tolist() == [2.0]
