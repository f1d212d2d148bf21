import contextlib
import io
import json

import numpy as np
import pytest

from salver.errors import InvalidArgumentError
from salver.predict.readers import ONLY, as_array, form_of, read_values


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def listed(values):
    return {name: np.asarray(value).tolist() for name, value in values.items()}


@pytest.mark.parametrize(
    ("document", "values"),
    [
        ({"instances": [1, 2]}, {ONLY: [1, 2]}),
        ({"instances": [{"a": 1, "b": [2]}, {"a": 3, "b": [4]}]}, {"a": [1, 3], "b": [[2], [4]]}),
        ({"inputs": {"a": [1]}, "signature_name": "s"}, {"a": [1]}),
        ({"inputs": [[1]]}, {ONLY: [[1]]}),
        ({"a": [1], "b": 2}, {"a": [1], "b": 2}),
        ({"inputs": [1], "other": [2]}, {"inputs": [1], "other": [2]}),
        ([1, 2], {ONLY: [1, 2]}),
        ([{"b64": "YQ=="}], {ONLY: [{"b64": "YQ=="}]}),
        ({"b64": "YQ=="}, {ONLY: {"b64": "YQ=="}}),
        (3, {ONLY: 3}),
    ],
)
def test_json_in_all_its_forms(document, values):
    assert read_values(json.dumps(document).encode(), "json") == values


def test_arrays_of_numpy():
    assert listed(read_values(npy(np.arange(3)), "npy")) == {ONLY: [0, 1, 2]}
    assert listed(read_values(npz(a=np.ones(2), b=np.zeros(1)), "npz")) == {"a": [1, 1], "b": [0]}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a,b\n1,x\n2,y\n", {"a": ["1", "2"], "b": ["x", "y"]}),
        ("\ufeffa\r\n1\r\n\r\n", {"a": ["1"]}),
        ('a\n"x, ""y"""\n', {"a": ['x, "y"']}),
        ("v[1],v[0],w\n1,2,3\n4,5,6\n", {"v": [["2", "1"], ["5", "4"]], "w": ["3", "6"]}),
        ("a\n", {"a": []}),
    ],
)
def test_csv_has_inputs_in_columns(text, values):
    assert listed(read_values(text.encode(), "csv")) == values


@pytest.mark.parametrize(
    ("data", "form", "text"),
    [
        (b"{", "json", "no JSON"),
        (b"[" * 100_000, "json", "no JSON"),
        (b'[{"a": 1}, {"b": 1}]', "json", "row 1 has not the inputs of the first: a"),
        (b'[{"a": 1}, 2]', "json", "row 1"),
        (b'[2, {"a": 1}]', "json", "row 0"),
        (b"abc", "npy", "no arrays of numpy"),
        (npy(np.array([None])), "npy", "no arrays of numpy"),
        (b"PK\x03\x04", "npz", "no arrays of numpy"),
        (b"", "csv", "there is nothing in it"),
        (b" \n", "json", "there is nothing in it"),
        (b"a,b\n1\n", "csv", "line 2 has 1 cells, the head 2"),
        (b"a,a\n1,2\n", "csv", "two columns have the same name"),
        (b"v[0],v[2]\n1,2\n", "csv", r"the columns of v must be v\[0\] to v\[1\]"),
        (b"v,v[0]\n1,2\n", "csv", "the columns of v must be"),
        (b"\xff\n", "csv", "no CSV"),
        (b'a\n"b', "csv", "no CSV"),
    ],
)
def test_files_that_are_not_of_their_form_are_refused(data, form, text):
    with pytest.raises(InvalidArgumentError, match=text):
        read_values(data, form)


def test_an_archive_in_place_of_an_array_is_refused():
    with pytest.raises(InvalidArgumentError, match="NPZ"):
        read_values(npz(a=np.ones(1)), "npy")
    with pytest.raises(InvalidArgumentError, match="NPY"):
        read_values(npy(np.ones(1)), "npz")


@pytest.mark.parametrize(
    ("path", "data", "form"),
    [
        ("x.JSON", b"", "json"),
        ("x.csv", b"{", "csv"),
        ("-", b" [1]", "json"),
        ("-", b"a,b\n", "csv"),
        ("-", npy(np.ones(1)), "npy"),
        ("x.bin", npz(a=np.ones(1)), "npz"),
    ],
)
def test_the_form_is_that_of_the_name_or_of_the_first_bytes(path, data, form):
    assert form_of(path, data) == form


def test_base64_becomes_bytes():
    assert as_array([[{"b64": "YQA="}], ["é"]]).tolist() == [[b"a\0"], ["é"]]
    with pytest.raises(InvalidArgumentError):
        as_array([{"b64": "?"}])
    with pytest.raises(InvalidArgumentError):
        as_array([[1], [1, 2]])


def test_damage_of_any_kind_is_an_error_with_words():
    out = io.BytesIO()
    np.savez_compressed(out, x=np.arange(20))
    whole, rng = out.getvalue(), np.random.default_rng(1)
    head = npy(np.arange(4)).replace(b"}", b"(")
    for data, form in ((head, "npy"), *((_damaged(whole, rng), "npz") for _ in range(300))):
        with contextlib.suppress(InvalidArgumentError):
            read_values(data, form)


def _damaged(content, rng):
    found = bytearray(content)
    found[rng.integers(len(found))] = rng.integers(256)
    return bytes(found)


def test_lists_nested_without_end_are_refused():
    with pytest.raises(InvalidArgumentError):
        as_array(json.loads("[" * 900 + "]" * 900))
