"""SavedModels through the extension and TensorFlow's libraries, as far as they need no server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from salver import wire
from salver.boundary import DataPlaneOptions, NativeModel
from salver.core.ids import ServableId
from salver.dataplane import NativeDataPlane
from salver.servables.saved_model import SavedModelLoader
from salver.servables.tensorflow_library import TensorFlowLibrary
from tests.support.models import MODELS


@pytest.fixture(scope="module")
def library() -> Iterator[TensorFlowLibrary]:
    plane = NativeDataPlane(DataPlaneOptions())
    yield TensorFlowLibrary(plane.open_tensorflow)
    plane.stop()


def load(library: TensorFlowLibrary, name: str) -> NativeModel:
    loader = SavedModelLoader(ServableId(name, 1), str(MODELS / name / "1"), library)
    loader.load()
    assert loader.servable is not None
    return loader.servable.native_model


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
