import numpy as np
import pytest

from salver.errors import InternalError, InvalidArgumentError
from salver.servables.tflite.interpreter import new_interpreter
from salver.servables.tflite.programs import MainGraphProgram, TableProgram
from salver.servables.tflite.signature_defs import made_up_signature, signatures_in_metadata
from tests.support.models import MODELS


def content(name):
    return (MODELS / name / "1" / "model.tflite").read_bytes()


def table(name):
    return TableProgram(new_interpreter(content(name)))


def main_graph(name):
    interpreter = new_interpreter(content(name))
    return MainGraphProgram(interpreter, signatures_in_metadata(content(name)) or made_up_signature(interpreter))


def text(*values):
    return np.array(values, object)


@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3), (0,), ()])
def test_inputs_are_resized_to_the_request(shape):
    program = main_graph("tflite_half_plus_two")
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    for _ in range(2):
        assert (program.run("serving_default", {"x": x})["y"] == x / 2 + 2).all()
        assert program.run("serving_default", {"x": x})["y"].shape == shape
        program.run("serving_default", {"x": np.ones(4, np.float32)})


def test_signatures_of_the_metadata_find_tensors_with_and_without_their_number():
    program = main_graph("tflite_metadata")
    assert program.run("serving_default", {"half": np.float32([2])})["sum"] == [3]
    assert program.run("regress", {"inputs": np.float32([4])})["outputs"] == [4]


def test_a_signature_over_an_unknown_tensor_is_internal_and_names_both():
    with pytest.raises(InternalError, match="serving_default names the tensor no_such_tensor:0, expected one of: x:0"):
        main_graph("tflite_unknown_tensor")


def test_names_that_keep_their_number_go_to_their_own_tensors():
    answer = main_graph("tflite_numbered_names").run(
        "serving_default", {"in:0": np.float32([5]), "in:1": np.float32([3])}
    )
    assert (answer["sum"], answer["difference"]) == ([8], [2])


def test_signatures_of_the_table_run_their_own_graphs():
    program = table("tflite_table")
    for size in (3, 1, 7):
        a, b = np.full(size, 5, np.float32), np.full(size, 3, np.float32)
        answer = program.run("serving_default", {"a": a, "b": b})
        assert answer["sum"].tolist() == [8] * size
        assert answer["difference"].tolist() == [2] * size
        assert program.run("double", {"x": a})["y"].tolist() == [10] * size


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8", "int64", "bool", "int16", "int8"])
def test_values_of_every_number_type(dtype):
    x = np.array([1, 0], dtype)
    y = table("tflite_dtypes").run(f"twice_{dtype}", {"x": x})["y"]
    assert y.dtype == dtype
    assert y.tolist() == [*x.tolist(), *x.tolist()]


def test_complex_values():
    y = table("tflite_dtypes").run("column_complex64", {"x": np.complex64([1 + 2j, 3j])})["y"]
    assert y.tolist() == [[1 + 2j], [3j]]


def test_strings_keep_zero_bytes_and_bytes_that_are_no_text():
    words = text(b"a\0b\0", b"", b"\xff\xfe")
    answer = table("tflite_strings").run("serving_default", {"words": words, "order": np.int32([2, 0, 1, 0])})
    assert answer["chosen"].tolist() == [b"\xff\xfe", b"a\0b\0", b"", b"a\0b\0"]


def test_strings_of_another_rank_become_one_dimension():
    words = text(b"a", b"b", b"c", b"d").reshape(2, 2)
    answer = table("tflite_strings").run("serving_default", {"words": words, "order": np.int32([3])})
    assert answer["chosen"].tolist() == [b"d"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.float64([1]), "input x has elements of type float64, expected float32"),
        (text(b"1"), "input x has elements of type string, expected float32"),
    ],
)
def test_an_input_of_another_type_is_an_invalid_argument(value, said):
    with pytest.raises(InvalidArgumentError, match=said):
        main_graph("tflite_half_plus_two").run("serving_default", {"x": value})


def test_numbers_in_place_of_strings_are_an_invalid_argument():
    with pytest.raises(InvalidArgumentError, match="input words has elements of type int32, expected string"):
        table("tflite_strings").run("serving_default", {"words": np.int32([1]), "order": np.int32([0])})


@pytest.mark.parametrize(
    ("program", "inputs", "said"),
    [
        (lambda: table("tflite_scores"), {"x": np.ones((2, 4), np.float32)}, r"x \[2, 4\]"),
        (
            lambda: table("tflite_table"),
            {"a": np.ones(2, np.float32), "b": np.ones(3, np.float32)},
            r"a \[2\], b \[3\]",
        ),
        (lambda: main_graph("tflite_half_plus_two"), {"x": np.ones([1] * 9, np.float32)}, r"x \[1, 1, 1"),
    ],
    ids=["rows of another length", "lengths that differ", "too many dimensions"],
)
def test_shapes_that_the_model_cannot_take_are_internal_and_harm_no_later_request(program, inputs, said):
    program = program()
    with pytest.raises(InternalError, match=f"signature serving_default cannot be run with {said}.*: .*failed"):
        program.run("serving_default", inputs)
    size = 3 if "x" in inputs else 2
    good = {name: np.ones((1, size) if name == "x" and inputs["x"].ndim == 2 else size, np.float32) for name in inputs}
    for _ in range(2):
        for value in program.run("serving_default", good).values():
            assert np.isfinite(value).all()
