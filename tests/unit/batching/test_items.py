"""Items in a list, results in a sequence."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from salver.batching.items import ListForm
from salver.errors import InternalError, InvalidArgumentError


def cut(answer, num_items):
    return ListForm(lambda items: items, None).cut(answer, [None] * num_items, num_items)


@pytest.mark.parametrize("answer", [[1, 2], (1, 2), np.array([1, 2]), deque([1, 2]), range(1, 3)])
def test_any_sequence_will_do(answer):
    assert list(cut(answer, 2)) == [1, 2]


@pytest.mark.parametrize("answer", [None, 3, "ab", b"ab", {1: 2, 3: 4}, {1, 2}, iter([1, 2])])
def test_what_has_no_order_is_refused(answer):
    with pytest.raises(InternalError, match=f"run returned {type(answer).__name__}, expected a sequence of 2 results"):
        cut(answer, 2)


@pytest.mark.parametrize("num_items", [1, 3])
def test_wrong_number_of_results_is_refused(num_items):
    with pytest.raises(InternalError, match=f"returned 2 results for {num_items} items"):
        cut([1, 2], num_items)


def test_size_is_what_an_item_counts_for():
    assert ListForm(lambda items: items, len).measure("abc").num_rows == 3
    assert ListForm(lambda items: items, None).measure("abc").num_rows == 1


def test_size_below_zero_is_refused():
    with pytest.raises(InvalidArgumentError, match="size returned -1"):
        ListForm(lambda items: items, lambda _: -1).measure("x")
