from types import SimpleNamespace

import numpy as np
import pytest

from salver.boundary import Signature, TensorInfo
from salver.servables.servable import CallableServable, SignatureSpec, TensorSpec, is_servable, max_batch_rows_of


def test_signature_is_sorted_by_tensor_name_with_minus_one_for_any_length():
    spec = SignatureSpec(
        inputs={"b": TensorSpec(np.int64, []), "a": TensorSpec(np.float32, [None, 3])},
        outputs={"y": TensorSpec(bytes)},
        method="m",
    )
    assert spec.as_signature("s") == Signature(
        "s", "m", (TensorInfo("a", 1, (-1, 3)), TensorInfo("b", 9, ())), (TensorInfo("y", 7, None),)
    )


def test_callable_servable_runs_its_function():
    servable = CallableServable(lambda inputs: {"y": inputs["x"] + 1}, inputs={}, outputs={}, signature_name="s")
    assert servable.run("s", {"x": np.int32([1])})["y"] == 2
    assert list(servable.signatures) == ["s"]
    assert is_servable(servable)


def test_an_object_without_signatures_or_run_is_no_servable():
    class OnlyRun:
        def run(self, signature, inputs):
            return {}

    class OnlySignatures:
        signatures = {}

    assert not is_servable(OnlyRun())
    assert not is_servable(OnlySignatures())
    assert not is_servable(None)


@pytest.mark.parametrize(
    ("own", "rows"), [({}, None), ({"max_batch_rows": None}, None), ({"max_batch_rows": 500}, 500)]
)
def test_rows_that_may_be_joined_are_the_servables_if_it_says(own, rows):
    assert max_batch_rows_of(SimpleNamespace(**own)) == rows
