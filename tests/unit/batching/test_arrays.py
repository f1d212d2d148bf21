"""Arrays are joined along their rows, and answers cut in the same places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver.batching.arrays import ArrayRun
from salver.errors import InternalError, InvalidArgumentError


def run_once(run, items, padded_rows=0):
    form = ArrayRun(run)
    taken = [form.measure(item).item for item in items]
    return form.cut(form.run(form.join(taken, padded_rows)), taken, padded_rows)


@given(
    sizes=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    filling=st.integers(0, 5),
    form=st.sampled_from(["array", "dict", "tuple"]),
)
def test_every_item_gets_its_rows_whatever_the_filling(sizes, filling, form):
    items = [np.full((size, 2), number) for number, size in enumerate(sizes)]
    seen = []

    def run(array):
        seen.append(array.shape)
        return {"array": array, "dict": {"out": array}, "tuple": (array, array + 1)}[form]

    answers = run_once(run, items, sum(sizes) + filling)
    assert seen == [(sum(sizes) + filling if any(sizes) else 0, 2)]
    for item, answer in zip(items, answers, strict=True):
        if form == "tuple":
            np.testing.assert_array_equal(answer[1], item + 1)
        found = {"array": lambda a: a, "dict": lambda a: a["out"], "tuple": lambda a: a[0]}[form](answer)
        np.testing.assert_array_equal(found, item)


def test_mappings_are_joined_name_by_name():
    (first, second) = run_once(
        lambda arrays: arrays["a"] + arrays["b"], [{"a": [1], "b": [10]}, {"b": [20, 30], "a": [2, 3]}]
    )
    assert (first.tolist(), second.tolist()) == ([11], [22, 33])


def test_filling_is_a_copy_of_the_last_row():
    seen = []
    run_once(lambda array: seen.append(array.tolist()) or array, [np.array([1, 2]), np.array([3])], 5)
    assert seen == [[1, 2, 3, 3, 3]]


def test_run_may_change_its_input():
    item = np.array([1, 2])
    run_once(lambda array: np.multiply(array, 2, out=array), [item])
    assert item.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (np.zeros((1, 3)), np.zeros((5, 3)), True),
        (np.zeros((1, 3)), np.zeros((1, 4)), False),
        (np.zeros(1, np.float32), np.zeros(1), False),
        (np.array(["a"]), np.array(["longer"]), True),
        ({"x": [1]}, {"y": [1]}, False),
        ({"x": [1], "y": [2.0]}, {"y": [1.0], "x": [1]}, True),
    ],
)
def test_only_arrays_that_can_be_joined_are_of_one_kind(one, other, is_same):
    form = ArrayRun(lambda arrays: arrays)
    assert (form.measure(one).kind == form.measure(other).kind) is is_same


def test_item_counts_by_rows_and_bytes():
    measured = ArrayRun(lambda arrays: arrays).measure({"x": np.zeros((3, 2), np.int16), "y": np.zeros(3, np.int8)})
    assert (measured.num_rows, measured.num_bytes) == (3, 15)


@pytest.mark.parametrize("item", [1.0, {}, {"x": [1], "y": [1, 2]}, {"x": 3}])
def test_item_without_common_rows_is_its_callers_mistake(item):
    with pytest.raises(InvalidArgumentError, match="same first dimension"):
        ArrayRun(lambda arrays: arrays).measure(item)


@pytest.mark.parametrize("answer", [np.zeros(2), np.zeros(4), np.float32(1), [1, 2], {"out": np.zeros(2)}, None])
def test_answer_with_other_rows_is_an_error(answer):
    with pytest.raises(InternalError, match="expected 3 in the first dimension"):
        run_once(lambda _: answer, [np.zeros(1), np.zeros(2)])
