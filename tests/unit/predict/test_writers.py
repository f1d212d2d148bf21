import io
import json

import ml_dtypes
import numpy as np
import pytest

from salver.errors import InvalidArgumentError
from salver.predict.readers import read_values
from salver.predict.writers import written

WORDS = np.array([b"a", b"\xff"], object)


def test_json_has_an_output_on_each_line():
    text = written({"y": np.array([[1.5, np.nan]], "f4"), "w": WORDS}, "json").decode()
    assert text == '{\n  "y": [[1.5, NaN]],\n  "w": ["a", {"b64": "/w=="}]\n}\n'
    assert json.loads(text)["w"] == ["a", {"b64": "/w=="}]


def test_json_of_nothing_is_an_empty_object():
    assert json.loads(written({}, "json")) == {}


def test_arrays_of_numpy_come_back():
    outputs = {"y": np.arange(3, dtype="i2"), "w": np.array([b"ab", b"c"], object), "h": np.ones(1, ml_dtypes.bfloat16)}
    found = read_values(written(outputs, "npz"), "npz")
    assert found["y"].dtype == np.int16
    assert found["w"].tolist() == [b"ab", b"c"]
    assert found["h"].dtype == np.float32
    assert np.load(io.BytesIO(written({"y": outputs["y"]}, "npy"))).tolist() == [0, 1, 2]


def test_csv_has_an_output_in_each_column():
    outputs = {"y": np.array([1.5, 2]), "v": np.array([[1, 2], [3, 4]]), "w": np.array([b"a,b", b"\xff"], object)}
    assert written(outputs, "csv") == b'y,v[0],v[1],w\n1.5,1,2,"a,b"\n2.0,3,4,\xff\n'
    assert written({"y": np.float32(3)}, "csv") == b"y\n3.0\n"


@pytest.mark.parametrize(
    ("outputs", "form", "text"),
    [
        ({"a": np.ones(1), "b": np.ones(1)}, "npy", "there are 2: --format npz"),
        ({"a": np.ones(1), "b": np.ones(2)}, "csv", "different numbers of rows"),
        ({"a": np.ones(1, "c8")}, "json", "no complex numbers"),
    ],
)
def test_a_form_that_cannot_hold_the_outputs_says_which_can(outputs, form, text):
    with pytest.raises(InvalidArgumentError, match=text):
        written(outputs, form)
