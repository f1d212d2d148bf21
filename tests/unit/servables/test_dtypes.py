import numpy as np
import pytest

from salver.errors import InvalidArgumentError
from salver.servables.dtypes import wire_dtype


@pytest.mark.parametrize(
    ("dtype", "number"),
    [
        (np.float32, 1),
        ("float64", 2),
        (np.dtype("int32"), 3),
        (np.bool_, 10),
        (bool, 10),
        (np.float16, 19),
        (bytes, 7),
        (str, 7),
        (object, 7),
        ("S5", 7),
        (14, 14),
        (7, 7),
    ],
)
def test_numpy_types_and_wire_numbers_give_the_wire_number(dtype, number):
    assert wire_dtype(dtype) == number


@pytest.mark.parametrize("dtype", ["datetime64[s]", 0, 21, 101])
def test_types_that_tensors_cannot_have_are_refused(dtype):
    with pytest.raises(InvalidArgumentError):
        wire_dtype(dtype)
