import base64
import io
import json

import numpy as np
import pytest

from salver.boundary import UNBATCHED, CurvePoint
from salver.errors import InvalidArgumentError, NotFoundError
from salver.profile import Profile, ProfileRequest
from salver.server.admin.profile import Profiles, read_request
from salver.server.admin.router import AdminRequest
from salver.testing.fake_calls import FakeControlCall

PROFILE = Profile(
    model="m",
    version=3,
    signature="s",
    policy=UNBATCHED,
    points=(CurvePoint(1, 0.001, 0.002, 30),),
    num_runners=2,
    sharing=0.5,
)


class FakeProfiler:
    def __init__(self):
        self.asked = []

    def profile(self, model, request, is_wanted):
        self.asked.append((model, request, is_wanted()))
        return PROFILE


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=array.dtype == object)
    return base64.b64encode(stream.getvalue()).decode()


def test_the_answer_is_the_profile_field_for_field():
    profiler = FakeProfiler()
    call = FakeControlCall.admin("POST", "/v1/batching/m:profile", body=b'{"limit_s": 2, "length": 7}')

    answer = json.loads(Profiles(profiler, lambda: {"m"})(AdminRequest(call, {"model": "m"})).body)

    assert profiler.asked == [("m", ProfileRequest(limit_s=2, length=7), True)]
    assert (answer["model"], answer["version"], answer["sharing"]) == ("m", 3, 0.5)
    assert answer["points"] == [{"rows": 1, "p50_s": 0.001, "p90_s": 0.002, "samples": 30}]
    assert answer["policy"]["max_batch_size"] == 1


def test_a_model_that_is_not_configured_is_answered_with_the_nearest():
    profiler = FakeProfiler()
    call = FakeControlCall.admin("POST", "/v1/batching/rankr:profile")
    with pytest.raises(NotFoundError, match=r"There is no model rankr; did you mean ranker\?"):
        Profiles(profiler, lambda: {"ranker"})(AdminRequest(call, {"model": "rankr"}))
    assert profiler.asked == []


@pytest.mark.parametrize("body", [b"", b"{}", b'{"version": null, "inputs": {}}'])
def test_what_is_not_said_is_as_usual(body):
    assert read_request(body) == ProfileRequest()


def test_inputs_are_files_of_numpy():
    request = read_request(json.dumps({"inputs": {"x": npy(np.array([1.5])), "s": npy(np.array(["a"]))}}).encode())
    assert {name: array.tolist() for name, array in request.inputs.items()} == {"x": [1.5], "s": ["a"]}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the body must be a JSON object, got list"),
        ({"max_bach_size": 1}, "a profile has no field max_bach_size; did you mean max_batch_size?"),
        ({"zzz": 1}, "a profile has no field zzz; expected inputs, length"),
        ({"version": "1"}, 'version must be a whole number, got "1"'),
        ({"version": True}, "version must be a whole number, got true"),
        ({"limit_s": "soon"}, 'limit_s must be a number, got "soon"'),
        ({"signature": 5}, "signature must be a string, got 5"),
        ({"inputs": [1]}, r"inputs must be a JSON object, got \[1\]"),
        ({"inputs": {"x": "?"}}, "input x must be the base64 of a file as numpy.save writes it"),
        ({"inputs": {"x": 5}}, "input x must be the base64"),
        ({"inputs": {"x": npy(np.array([b"pickled"], object))}}, "input x must be the base64"),
    ],
)
def test_what_is_wrong_is_named(document, message):
    with pytest.raises(InvalidArgumentError, match=message):
        read_request(json.dumps(document).encode())


@pytest.mark.parametrize("body", [b"x", b"\xff"])
def test_what_is_no_json_is_told(body):
    with pytest.raises(InvalidArgumentError, match="the body is no JSON"):
        read_request(body)
