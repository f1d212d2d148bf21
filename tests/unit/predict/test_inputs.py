import numpy as np
import pytest

from salver.client.signatures import Signature, TensorInfo
from salver.errors import InvalidArgumentError
from salver.predict.inputs import arrays_for
from salver.predict.readers import ONLY


def signature(defaults=(), **inputs):
    infos = {name: TensorInfo(f"DT_{dtype}", shape) for name, (dtype, shape) in inputs.items()}
    return Signature("", infos, {}, frozenset(defaults))


VECTOR = signature(x=("FLOAT", (None,)))


@pytest.mark.parametrize(
    ("dtype", "value", "found"),
    [
        ("FLOAT", [1, 2.5], [1, 2.5]),
        ("FLOAT", np.array([1.5]), [1.5]),
        ("FLOAT", np.array(["1.5", " 2", "nan"], object), [1.5, 2, np.nan]),
        ("INT64", [1, 2**62], [1, 2**62]),
        ("INT32", np.array(["7", "-1"], object), [7, -1]),
        ("INT32", [2.0], [2]),
        ("UINT8", [255], [255]),
        ("BOOL", [True], [True]),
        ("BOOL", np.array(["true", "0", "False"], object), [True, False, False]),
        ("STRING", ["a", {"b64": "YQ=="}], ["a", b"a"]),
        ("STRING", np.array([b"a"]), [b"a"]),
        ("STRING", [], []),
        ("COMPLEX64", np.array(["1+2j"], object), [1 + 2j]),
        ("BFLOAT16", [1.5], [1.5]),
        ("HALF", [float("inf"), 1.5], [float("inf"), 1.5]),
        ("FLOAT", [], []),
    ],
)
def test_values_get_the_type_of_the_model(dtype, value, found):
    info = TensorInfo(f"DT_{dtype}", (None,))
    array = arrays_for(signature(x=(dtype, (None,))), {ONLY: value})["x"]
    assert array.dtype == info.dtype
    np.testing.assert_array_equal(array, np.array(found, info.dtype))


@pytest.mark.parametrize(
    ("dtype", "value", "text"),
    [
        ("INT32", [1.5], r"input 'x' takes int32 \[\?\]: 1.5 is not such a number"),
        ("INT8", [1, 300], "300 is not such a number"),
        ("INT32", np.array(["one"], object), "invalid literal"),
        ("BOOL", [1], "got int32|got int64"),
        ("FLOAT", [True], "got bool"),
        ("FLOAT", [1.0, 1e300], r"1e\+300 is not such a number"),
        ("FLOAT", np.array([1 + 2j]), "got complex128"),
        ("BOOL", np.array(["yes"], object), "expected true or false, got 'yes'"),
        ("FLOAT", [None], "takes float32"),
        ("STRING", [1], "got int64"),
        ("FLOAT", [[1], [1, 2]], "takes float32"),
        ("FLOAT", np.array(["x"], object), "could not convert"),
    ],
)
def test_values_of_another_type_are_refused_by_the_name_of_the_input(dtype, value, text):
    with pytest.raises(InvalidArgumentError, match=text):
        arrays_for(signature(x=(dtype, (None,))), {ONLY: value})


@pytest.mark.parametrize(
    ("shape", "value", "found"),
    [
        ((None, 3), [[1, 2, 3]], (1, 3)),
        ((), 1, ()),
        (None, [[1]], (1, 1)),
        ((None, 1), [1, 2], (2, 1)),
        ((None, 2, 2), [[1, 2, 3, 4]], (1, 2, 2)),
    ],
)
def test_shapes_that_fit_or_can_be_made_to(shape, value, found):
    assert arrays_for(signature(x=("FLOAT", shape)), {ONLY: value})["x"].shape == found


@pytest.mark.parametrize(
    ("shape", "value"), [((None, 3), [[1, 2]]), ((), [1]), ((None,), [[1]]), ((None, 2, 2), [[1, 2, 3]]), ((2,), [1])]
)
def test_other_shapes_are_refused_with_both(shape, value):
    with pytest.raises(InvalidArgumentError, match=r"input 'x' takes float32 \[.*\], got the shape \["):
        arrays_for(signature(x=("FLOAT", shape)), {ONLY: value})


def test_a_mistyped_input_is_told_with_the_nearest():
    two = signature(tokens=("INT64", (None,)), mask=("INT64", (None,)))
    with pytest.raises(InvalidArgumentError, match=r"no input 'token'; did you mean tokens\?"):
        arrays_for(two, {"token": [1], "mask": [1]})
    with pytest.raises(InvalidArgumentError, match="no input 'q'; there are mask, tokens"):
        arrays_for(two, {"q": [1]})


def test_a_missing_input_is_told_with_what_it_takes():
    two = signature(("b",), a=("INT64", (None, 2)), b=("INT64", ()))
    with pytest.raises(InvalidArgumentError, match=r"missing inputs: a \(int64 \[\?, 2\]\)"):
        arrays_for(two, {})
    assert list(arrays_for(two, {"a": [[1, 2]]})) == ["a"]


def test_values_without_a_name_need_a_signature_with_one_input():
    assert arrays_for(VECTOR, {ONLY: [1]})["x"].tolist() == [1]
    with pytest.raises(InvalidArgumentError, match="The signature has a, b: give them by name"):
        arrays_for(signature(a=("INT64", ()), b=("INT64", ())), {ONLY: 1})
