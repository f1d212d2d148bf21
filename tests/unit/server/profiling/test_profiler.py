import threading

import numpy as np
import pytest

from salver.boundary import UNBATCHED, BatchingPolicy
from salver.core.ids import ServableId
from salver.core.static_manager import StaticManagerBuilder
from salver.errors import CancelledError, InvalidArgumentError, NotFoundError, UnavailableError, UnknownError
from salver.profile import ProfileRequest
from salver.servables.servable import CallableServable, SignatureSpec, TensorSpec
from salver.server.profiling.profiler import Profiler

FLOATS = {"x": TensorSpec(np.float32, [None])}


def servable(function=lambda inputs: {"y": inputs["x"]}, **options):
    return CallableServable(function, inputs=FLOATS, outputs={"y": FLOATS["x"]}, **options)


def profiler(made, *, policy=UNBATCHED):
    builder = StaticManagerBuilder()
    builder.add_servable(ServableId("m", 1), made)
    return Profiler(builder.build(), policy_of=lambda _: policy, base_path_of=lambda _: None, num_runners=1)


def profile(made, *, policy=UNBATCHED, is_wanted=lambda: True, **request):
    return profiler(made, policy=policy).profile("m", ProfileRequest(**request), is_wanted)


def test_runs_are_measured_by_their_rows():
    seen = set()

    def run(inputs):
        seen.add(len(inputs["x"]))
        return {"y": inputs["x"]}

    found = profile(servable(run), max_batch_size=4)

    assert seen == {1, 2, 4}
    assert [point.rows for point in found.points] == [1, 2, 4]
    assert (found.model, found.version, found.signature) == ("m", 1, "serving_default")
    assert (found.policy, found.num_runners, found.inputs) == (UNBATCHED, 1, ("x: made up, [rows]",))


def test_largest_batch_is_by_default_that_of_the_policy():
    found = profile(servable(), policy=BatchingPolicy(max_batch_size=3))
    assert [point.rows for point in found.points] == [1, 2, 3]


def test_given_inputs_are_used():
    def run(inputs):
        assert inputs["x"].tolist() == [7] * len(inputs["x"])
        return {"y": inputs["x"]}

    assert profile(servable(run), max_batch_size=2, inputs={"x": np.array([7])}).inputs == ("x: as given",)


def test_an_only_signature_needs_no_name():
    assert profile(servable(signature_name="own"), max_batch_size=1).signature == "own"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"signature": "other"}, "m version 1 has no signature other with inputs; it has serving_default"),
        ({"limit_s": 0.0}, "limit_s must be above 0 and at most 120, got 0"),
        ({"limit_s": 1e9}, "limit_s must be above 0 and at most 120"),
        ({"limit_s": float("nan")}, "limit_s must be above 0"),
        ({"max_batch_size": 0}, "max_batch_size must be 1 or more, got 0"),
        ({"length": -1}, "length must be 1 or more, got -1"),
        ({"inputs": {"z": np.zeros(1)}}, "has no input z; it has x"),
    ],
)
def test_wrong_requests_are_refused(request_, message):
    with pytest.raises(InvalidArgumentError, match=message):
        profile(servable(), **request_)


def test_what_does_not_serve_is_not_found():
    with pytest.raises(NotFoundError, match="other"):
        profiler(servable()).profile("other", ProfileRequest())
    with pytest.raises(NotFoundError):
        profiler(servable()).profile("m", ProfileRequest(version=2))


def test_inputs_that_the_model_refuses_lead_to_an_error_that_says_what_to_do():
    def run(inputs):
        raise ValueError(f"odd {inputs['x'].dtype}")

    with pytest.raises(UnknownError, match=r"serving_default of m version 1 fails: .*odd float32.*--input NAME=FILE"):
        profile(servable(run))


def test_outputs_without_a_row_for_each_input_row_are_told():
    with pytest.raises(Exception, match=r"output y of the servable has shape \[3\]"):
        profile(servable(lambda _: {"y": np.zeros(3, np.float32)}))


def test_it_ends_once_nobody_waits_and_without_advice_on_inputs():
    with pytest.raises(CancelledError) as caught:
        profile(servable(), is_wanted=lambda: False)
    assert "--input" not in caught.value.message


def test_one_runs_at_a_time():
    running, go_on = threading.Event(), threading.Event()

    def run(inputs):
        running.set()
        assert go_on.wait(20)
        return {"y": inputs["x"]}

    both = profiler(servable(run))
    first = threading.Thread(target=both.profile, args=("m", ProfileRequest(max_batch_size=1)))
    first.start()
    assert running.wait(20)
    with pytest.raises(UnavailableError, match="another profile runs"):
        both.profile("m", ProfileRequest(max_batch_size=1))
    go_on.set()
    first.join(20)
    assert both.profile("m", ProfileRequest(max_batch_size=1)).points[0].rows == 1


class TwoSignatures:
    signatures = {name: SignatureSpec(FLOATS, FLOATS) for name in ("a", "b")}

    def run(self, signature, inputs):
        del signature
        return inputs


def test_one_of_several_signatures_has_to_be_chosen():
    with pytest.raises(InvalidArgumentError, match="no signature serving_default with inputs; it has a, b"):
        profile(TwoSignatures())
    assert profile(TwoSignatures(), signature="b", max_batch_size=1).signature == "b"
