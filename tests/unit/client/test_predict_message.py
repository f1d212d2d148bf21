import numpy as np
import pytest

from salver.client.model_spec import ModelSpec
from salver.client.predict import predict
from salver.errors import InternalError, InvalidArgumentError
from tests.support import wire

SPECS = [
    (ModelSpec("m"), wire.Spec("m")),
    (ModelSpec("m", version=3), wire.Spec("m", version=3)),
    (ModelSpec("m", label="canary", signature="s"), wire.Spec("m", label="canary", signature="s")),
]


@pytest.mark.parametrize(("spec", "expected"), SPECS)
def test_requests_are_those_of_an_independent_codec(spec, expected):
    inputs = {"x": np.arange(3, dtype="f4"), "long": np.zeros(100)}
    tensors = {"x": wire.tensor(inputs["x"]), "long": wire.tensor(inputs["long"], wire.DT_DOUBLE)}
    request = wire.predict_request(expected, tensors, ["a", "b"])
    assert predict(spec, inputs, ["a", "b"]).message() == request


def test_version_zero_is_a_version():
    assert wire.parse_spec(ModelSpec("m", version=0).message()).version == 0


def test_responses_name_model_version_and_signature():
    reply = wire.chunk(1, wire.chunk(1, b"y") + wire.chunk(2, wire.float_tensor([1, 2], [2])))
    reply += wire.chunk(2, wire.model_spec(wire.Spec("m", version=4, signature="s")))
    answer = predict(ModelSpec("m"), {}).read(reply)
    assert (answer.model, answer.version, answer.signature) == ("m", 4, "s")
    assert answer["y"].tolist() == [1, 2]
    assert dict(answer).keys() == {"y"}


def test_a_missing_output_is_named_with_those_there_are():
    answer = predict(ModelSpec("m"), {}).read(wire.chunk(1, wire.chunk(1, b"y") + wire.chunk(2, wire.tensor([1.0]))))
    assert "z" not in answer
    with pytest.raises(KeyError, match="no output 'z'; there are y"):
        answer["z"]


ABSURD = wire.chunk(1, wire.chunk(1, b"y") + wire.chunk(2, wire.number(1, 1) + wire._shape([2**62, 0, 2**62])))
"""No elements, in a shape that no array has."""


@pytest.mark.parametrize(
    "reply", [ABSURD, b"\x0a\xff", wire.chunk(1, wire.chunk(2, b"\x0a")), wire.chunk(1, b"\x0a\x01\xff")]
)
def test_what_is_no_response_is_an_internal_error(reply):
    with pytest.raises(InternalError, match="the answer to Predict cannot be read"):
        predict(ModelSpec("m"), {}).read(reply)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ModelSpec(""), "a model has a name"),
        (lambda: ModelSpec("m", version=1, label="l"), "exclude each other"),
        (lambda: ModelSpec("m", version=-1), "versions begin at 0"),
        (lambda: predict(ModelSpec("m"), [1.0]), "expected a mapping of names to arrays, got list"),
        (lambda: predict(ModelSpec("m"), {}, "y"), "expected a list of names, got the text 'y'"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(make, text):
    with pytest.raises(InvalidArgumentError, match=text):
        make()


def test_requests_beyond_what_grpc_can_send_are_refused():
    operation = predict(ModelSpec("m"), {"x": np.zeros(1)})
    object.__setattr__(operation, "pieces", lambda: [memoryview(b""), _Long()])
    with pytest.raises(InvalidArgumentError, match=f"a request of {2**31} bytes"):
        operation.message()


class _Long:
    """A piece that says that it is long."""

    def __len__(self):
        return 2**31
