from pathlib import Path

import numpy as np
import pytest

from salver import tracing
from salver.errors import FailedPreconditionError, InternalError, OutOfRangeError, ResourceExhaustedError, UnknownError
from salver.servables.servable import CallableServable
from salver.servables.time_limit import time_left_s
from salver.server.runners import OF_THE_WHOLE_BATCH, BatchRunner, checked_outputs
from salver.testing.fake_calls import FakeBatch
from salver.testing.fake_clock import FakeClock

ROWS = np.float32([1, 2, 3])


def run(function, *, may_join=False, **settings):
    servable = CallableServable(function, inputs={}, outputs={})
    batch = FakeBatch(servable, {"x": ROWS}, output_names=["y"], **settings)
    batch.may_join = may_join
    BatchRunner().handle(batch)
    return batch


def test_outputs_of_the_servable_complete_the_batch():
    assert run(lambda inputs: {"y": inputs["x"] * 2}).result()["y"].tolist() == [2, 4, 6]


def test_outputs_that_nobody_wants_are_left_out():
    assert list(run(lambda inputs: {"y": inputs["x"], "z": 1}).result()) == ["y"]


def test_outputs_may_be_whatever_numpy_makes_arrays_of():
    assert run(lambda inputs: {"y": [1, 2]}).result()["y"].tolist() == [1, 2]


def test_error_of_the_servable_is_the_answer():
    def fail(inputs):
        raise OutOfRangeError("too far")

    with pytest.raises(OutOfRangeError, match="too far"):
        run(fail).result()


def test_foreign_exception_is_an_unknown_error_that_names_the_servable():
    with pytest.raises(UnknownError) as caught:
        run(lambda inputs: 1 / 0).result()
    want = "Servable CallableServable failed in signature serving_default: ZeroDivisionError: division by zero"
    assert caught.value.message == want


def test_foreign_exception_tells_clients_no_server_path():
    with pytest.raises(UnknownError) as caught:
        run(lambda inputs: Path("/srv/models/weights").read_bytes()).result()
    assert "/srv" not in caught.value.message


def test_failure_is_logged_by_name_and_not_for_every_request(caplog):
    clock = FakeClock()
    servable = CallableServable(lambda inputs: 1 / 0, inputs={}, outputs={})
    runner = BatchRunner(name_of=lambda failed: f"m {failed is servable}", clock=clock)
    for signature, pause_s in [("a", 0), ("a", 1), ("b", 0), ("a", 60)]:
        clock.advance(pause_s)
        runner.handle(FakeBatch(servable, {"x": ROWS}, signature=signature, output_names=["y"]))
    assert [message.partition(" (")[0] for message in caplog.messages] == [
        "Servable m True failed in signature a",
        "Servable m True failed in signature b",
        "Servable m True failed in signature a",
    ]


def test_inputs_cannot_be_written():
    def write(inputs):
        inputs["x"][0] = 1
        return {"y": inputs["x"]}

    with pytest.raises(UnknownError, match="read-only"):
        run(write).result()


def batch_of(servable, *values):
    """A batch with a member for each value."""
    joined = FakeBatch(servable, {"x": np.float32(values)}, output_names=["y"])
    joined.members = [FakeBatch(servable, {"x": np.float32([value])}, output_names=["y"]) for value in values]
    return joined


def no_negatives(inputs):
    if (inputs["x"] < 0).any():
        raise OutOfRangeError("negative")
    return {"y": inputs["x"]}


def test_members_of_a_batch_that_fails_run_one_by_one(caplog):
    runner, servable = BatchRunner(), CallableServable(no_negatives, inputs={}, outputs={})
    for _ in range(2):
        batch = batch_of(servable, 1, -2, 3)
        runner.handle(batch)
        assert [batch.members[at].result()["y"].tolist() for at in (0, 2)] == [[1], [3]]
        with pytest.raises(OutOfRangeError, match="negative"):
            batch.members[1].result()
    [message] = caplog.messages
    assert message.startswith("Servable CallableServable failed in signature serving_default with 3 requests at once")
    assert message.endswith("which now run one by one: OUT_OF_RANGE: negative")


@pytest.mark.parametrize("error", OF_THE_WHOLE_BATCH)
def test_failure_that_all_members_share_is_not_run_again(error):
    runs = []

    def fail(inputs):
        runs.append(len(inputs["x"]))
        raise error("all of you")

    batch = batch_of(CallableServable(fail, inputs={}, outputs={}), 1, 2)
    BatchRunner().handle(batch)
    with pytest.raises(error, match="all of you"):
        batch.result()
    assert runs == [2]


def test_cancelled_batch_is_dropped():
    ran = []
    batch = run(ran.append, is_cancelled=True)
    assert not ran
    assert not batch.is_answered


def test_outputs_that_cannot_be_sent_fail_the_batch():
    class Refusing(FakeBatch):
        def complete(self, outputs):
            raise TypeError("output y is of type datetime64")

    servable = CallableServable(lambda inputs: {"y": ROWS}, inputs={}, outputs={})
    batch = Refusing(servable, {"x": ROWS}, output_names=["y"])
    BatchRunner().handle(batch)
    with pytest.raises(InternalError, match="output y is of type datetime64"):
        batch.result()


def test_streamed_batch_is_answered_in_parts():
    servable = CallableServable(lambda inputs: inputs, inputs={}, outputs={})
    object.__setattr__(servable, "stream", lambda signature, inputs: ({"y": value, "z": 0} for value in inputs["x"]))
    batch = FakeBatch(servable, {"x": ROWS}, output_names=["y"], is_streamed=True)
    BatchRunner().handle(batch)
    assert [list(part) for part in batch.parts] == [["y"]] * 3
    assert [part["y"].item() for part in batch.parts] == [1, 2, 3]
    assert batch.result() == {}


def test_streams_run_elsewhere_as_far_as_there_is_room():
    servable = CallableServable(lambda inputs: inputs, inputs={}, outputs={})
    object.__setattr__(servable, "stream", lambda signature, inputs: iter([{"y": 1}]))
    batches = [FakeBatch(servable, {"x": ROWS}, output_names=["y"], is_streamed=True) for _ in range(2)]
    taken = []
    runner = BatchRunner(submit_stream=lambda call: not taken and (taken.append(call) or True))
    for batch in batches:
        runner.handle(batch)

    with pytest.raises(ResourceExhaustedError, match="streamed already"):
        batches[1].result()
    assert not batches[0].is_answered
    taken[0]()
    assert batches[0].parts == [{"y": 1}]


def test_failure_between_parts_ends_the_batch_with_that_error():
    def stream(signature, inputs):
        yield {"y": inputs["x"]}
        raise OutOfRangeError("no more")

    servable = CallableServable(lambda inputs: inputs, inputs={}, outputs={})
    object.__setattr__(servable, "stream", stream)
    batch = FakeBatch(servable, {"x": ROWS}, output_names=["y"], is_streamed=True)
    BatchRunner().handle(batch)
    assert len(batch.parts) == 1
    with pytest.raises(OutOfRangeError, match="no more"):
        batch.result()


def test_joined_requests_need_a_row_for_each_input_row():
    with pytest.raises(FailedPreconditionError, match=r"output y .* shape \[2\], expected 3"):
        run(lambda inputs: {"y": np.zeros(2)}, may_join=True).result()


def test_single_request_may_have_outputs_of_any_shape():
    assert run(lambda inputs: {"y": np.float32(5)}).result()["y"] == 5


@pytest.mark.parametrize(
    ("outputs", "message"),
    [(None, "returned a NoneType"), ({}, "no output y; it returned nothing"), ({"z": 1}, "no output y; it returned z")],
)
def test_outputs_must_be_a_mapping_with_every_name(outputs, message):
    with pytest.raises(InternalError, match=message):
        checked_outputs(outputs, ["y"], None)


@pytest.mark.parametrize("timeout_s", [50.0, None])
def test_servable_may_ask_how_much_time_its_batch_has_left(timeout_s):
    seen = []
    servable = CallableServable(lambda inputs: seen.append(time_left_s()) or {"y": 1}, inputs={}, outputs={})
    batch = FakeBatch(servable, {"x": ROWS}, output_names=["y"])
    batch.timeout_s = timeout_s
    BatchRunner().handle(batch)
    assert batch.result()["y"] == 1
    assert seen == [None] if timeout_s is None else 0 < seen[0] <= timeout_s
    assert time_left_s() is None


def test_a_servable_sees_the_traces_of_its_batch_and_they_end_with_the_run():
    seen = []
    servable = CallableServable(lambda inputs: seen.append(tracing.members()) or {"y": [1.0]}, inputs={}, outputs={})
    batch = FakeBatch(servable, {"x": ROWS}, output_names=["y"])
    batch.traces = [(None, "00-root", "00-run", "vendor=1"), ("00-parent", "00-other-root", "00-other-run", "")]

    BatchRunner(is_traced=True).handle(batch)

    assert seen == [(tracing.TraceContext("00-run", "vendor=1"), tracing.TraceContext("00-other-run"))]
    assert tracing.members() == ()
