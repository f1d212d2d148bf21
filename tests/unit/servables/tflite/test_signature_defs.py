import pytest

from salver import wire
from salver.errors import AlreadyExistsError, InternalError, InvalidArgumentError
from salver.servables.tflite.interpreter import new_interpreter
from salver.servables.tflite.signature_defs import made_up_signature, signatures_in_metadata, signatures_in_table
from tests.support.models import MODELS


def content(name):
    return (MODELS / name / "1" / "model.tflite").read_bytes()


def shown(signature):
    """Alias to tensor name, wire number and shape, for both sides."""

    def side(infos):
        return {
            alias: (info.name, info.dtype, [dim.size for dim in info.tensor_shape.dim]) for alias, info in infos.items()
        }

    return side(signature.inputs), side(signature.outputs)


def test_metadata_gives_names_methods_and_tensors_as_the_exporter_wrote_them():
    signatures = signatures_in_metadata(content("tflite_metadata"))
    assert sorted(signatures) == ["regress", "serving_default"]
    assert shown(signatures["serving_default"]) == ({"half": ("x:0", 1, [1])}, {"sum": ("y:0", 1, [1])})
    assert signatures["regress"].method_name == "tensorflow/serving/regress"


def test_without_metadata_there_are_none():
    assert signatures_in_metadata(content("tflite_table")) == {}


def test_metadata_that_is_no_signature_is_an_invalid_argument():
    with pytest.raises(InvalidArgumentError, match="signature_defs_metadata .* not a map of names to SignatureDefs"):
        signatures_in_metadata(content("tflite_bad_metadata"))


def test_the_table_gives_every_signature_with_concrete_shapes():
    signatures = signatures_in_table(new_interpreter(content("tflite_table")))
    assert sorted(signatures) == ["double", "serving_default"]
    assert shown(signatures["serving_default"]) == (
        {"a": ("serving_default_a:0", 1, [1]), "b": ("serving_default_b:0", 1, [1])},
        {"sum": ("PartitionedCall_1:1", 1, [1]), "difference": ("PartitionedCall_1:0", 1, [1])},
    )
    assert {signature.method_name for signature in signatures.values()} == {"tensorflow/serving/predict"}


def test_a_model_without_a_table_has_an_empty_one():
    assert signatures_in_table(new_interpreter(content("tflite_half_plus_two"))) == {}


def test_the_made_up_signature_cuts_tensor_names_at_the_first_colon():
    (name, signature), *more = made_up_signature(new_interpreter(content("tflite_half_plus_two"))).items()
    assert (name, more) == ("serving_default", [])
    assert shown(signature) == ({"x": ("x:0", 1, [1])}, {"y": ("y", 1, [1])})


def test_names_that_would_be_the_same_without_the_number_keep_it():
    signature = made_up_signature(new_interpreter(content("tflite_numbered_names")))["serving_default"]
    assert sorted(signature.inputs) == ["in:0", "in:1"]
    assert sorted(signature.outputs) == ["difference", "sum"]


def test_two_tensors_of_one_name_already_exist():
    with pytest.raises(AlreadyExistsError, match="called x"):
        made_up_signature(new_interpreter(content("tflite_same_names")))


def test_a_type_that_cannot_be_served_is_internal_and_named():
    with pytest.raises(InternalError, match="is of type float64"):
        signatures_in_table(new_interpreter(content("tflite_float64")))


@pytest.mark.parametrize(
    ("dtype", "number"),
    [("float32", 1), ("int32", 3), ("uint8", 4), ("int16", 5), ("int8", 6), ("string", 7), ("int64", 9), ("bool", 10)],
)
def test_types_have_their_wire_numbers(dtype, number):
    signature = signatures_in_table(new_interpreter(content("tflite_dtypes")))[f"twice_{dtype}"]
    assert signature.inputs["x"].dtype == signature.outputs["y"].dtype == number


def test_complex_numbers_have_their_wire_number():
    signature = signatures_in_table(new_interpreter(content("tflite_dtypes")))["column_complex64"]
    assert signature.inputs["x"].dtype == signature.outputs["y"].dtype == 8


def test_messages_are_those_of_the_wire():
    signature = signatures_in_metadata(content("tflite_metadata"))["regress"]
    assert isinstance(signature, wire.message_class("tensorflow.SignatureDef"))
