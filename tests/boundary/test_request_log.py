"""Requests that are chosen to be logged, pulled through the extension."""

from __future__ import annotations

import json

import numpy as np
import pytest

from salver import wire
from salver.boundary import LogEntries, LogRule, ModelRow, TargetSpec
from salver.server.runners import BatchRunner
from tests.support import wire as plain
from tests.support.boundary import FLOAT, STRING, WAIT_S, floats, in_thread, signature
from tests.support.server_process import exchange, open_channel, wait_until

PREDICT = "/tensorflow.serving.PredictionService/Predict"
METADATA = wire.LogMetadata(dc="here", saved_model_tags=["serve"])


class Twice:
    """y = x joined to itself."""

    def run(self, name, inputs):
        return {"y": np.concatenate([inputs["x"], inputs["x"]])}


class Ports:
    """A plane with both ports open that serves `m` and `quiet`."""

    def __init__(self, plane):
        self.plane = plane
        self.grpc, self.rest = plane.listen_grpc("127.0.0.1", 0), plane.listen_rest("127.0.0.1", 0)
        self.channel = open_channel(f"127.0.0.1:{self.grpc}")

    def log(self, rate=1.0, model="m", logger=7):
        self.plane.set_log_rules([LogRule(model, rate, logger, METADATA.SerializeToString())])

    def call(self, request):
        return self.channel.unary_unary(PREDICT)(request, timeout=WAIT_S)

    def post(self, path, body):
        return exchange(self.rest, "POST", path, body)

    def pull(self, count):
        """The next entries; waits for as many."""
        found = []

        def has_all():
            pulled = self.plane.next_log_entries(0.1)
            found.extend(pulled.entries)
            assert not pulled.dropped
            return len(found) >= count

        wait_until(has_all, WAIT_S, f"{count} entries")
        assert len(found) == count
        return found

    def nothing(self):
        assert self.plane.next_log_entries(0.05) == LogEntries([], {})


@pytest.fixture
def ports(plane, run_batches):
    signatures = (signature(FLOAT, shape=None), signature(STRING, name="text", shape=None))
    run_batches(BatchRunner().handle)
    specs = [TargetSpec(name=name, version=3, signatures=signatures, servable=Twice()) for name in ("m", "quiet")]
    plane.publish([ModelRow(spec.name, [plane.new_target(spec)], {"stable": 3}) for spec in specs])
    made = Ports(plane)
    yield made
    made.channel.close()


def request(*values, model="m", **spec):
    return plain.predict_request(plain.Spec(model, **spec), {"x": plain.float_tensor(values, [len(values)])})


def logged(entry):
    return wire.PredictionLog.FromString(entry.record)


def test_a_grpc_request_is_logged_as_it_came_and_as_it_was_answered(ports):
    ports.log()
    sent = request(1, 2)
    answer = ports.call(sent)
    (entry,) = ports.pull(1)
    assert (entry.model, entry.logger) == ("m", 7)
    log = logged(entry)
    assert log.predict_log.request.SerializeToString() == wire.PredictRequest.FromString(sent).SerializeToString()
    assert log.predict_log.response == wire.PredictResponse.FromString(answer)
    # Not one byte is written anew.
    assert sent in entry.record
    assert answer in entry.record


def test_the_metadata_names_what_served(ports):
    ports.log()
    ports.call(request(1, label="stable", signature="serving_default"))
    metadata = logged(ports.pull(1)[0]).log_metadata
    assert (metadata.model_spec.name, metadata.model_spec.version.value) == ("m", 3)
    assert metadata.model_spec.signature_name == "serving_default"
    assert metadata.timestamp_secs > 1_700_000_000
    assert (metadata.dc, list(metadata.saved_model_tags)) == ("here", ["serve"])


def test_a_rest_request_is_logged_as_the_message_that_it_could_have_been(ports):
    ports.log()
    assert ports.post("/v1/models/m/versions/3:predict", {"inputs": {"x": [1.5, 2]}}).status == 200
    log = logged(ports.pull(1)[0])
    spec = wire.ModelSpec(name="m", version=wire.Int64Value(value=3), signature_name="serving_default")
    tensor = wire.TensorProto(dtype=FLOAT, tensor_shape={"dim": [{"size": 2}]}, float_val=[1.5, 2])
    assert log.predict_log.request == wire.PredictRequest(model_spec=spec, inputs={"x": tensor})
    doubled = wire.TensorProto(dtype=FLOAT, tensor_shape={"dim": [{"size": 4}]}, float_val=[1.5, 2, 1.5, 2])
    assert log.predict_log.response == wire.PredictResponse(model_spec=spec, outputs={"y": doubled})


def test_strings_come_through_rest_as_bytes(ports):
    ports.log()
    body = {"signature_name": "text", "instances": ["a", {"b64": "/w=="}]}
    assert ports.post("/v1/models/m/labels/stable:predict", json.dumps(body)).status == 200
    sent = logged(ports.pull(1)[0]).predict_log.request
    assert (sent.model_spec.version_label, sent.model_spec.signature_name) == ("stable", "text")
    assert list(sent.inputs["x"].string_val) == [b"a", b"\xff"]


def test_large_messages_come_whole(ports):
    ports.log()
    values = np.arange(300_000, dtype=np.float32)
    tensor = plain.float_tensor(values, [len(values)])
    sent = plain.predict_request(plain.Spec("m"), {"x": tensor})
    ports.call(sent)
    ports.post("/v1/models/m:predict", {"inputs": {"x": values.tolist()}})
    for entry in ports.pull(2):
        log = logged(entry).predict_log
        assert len(log.request.inputs["x"].float_val or log.request.inputs["x"].tensor_content) in {300_000, 1_200_000}
        assert len(log.response.outputs["y"].float_val) == 600_000


def test_only_models_with_a_rule_are_logged(ports):
    ports.log()
    ports.call(request(1, model="quiet"))
    ports.post("/v1/models/quiet:predict", {"inputs": {"x": [1]}})
    ports.nothing()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_the_ends_of_the_sampling_rate_are_never_and_always(ports, rate):
    ports.log(rate)
    for _ in range(50):
        ports.call(request(1))
    if rate:
        ports.pull(50)
    else:
        ports.nothing()


def test_a_rate_in_between_takes_about_its_part(ports):
    ports.log(0.5)
    for _ in range(400):
        ports.call(request(1))
    count = len(ports.plane.next_log_entries(WAIT_S).entries)
    # Ten standard deviations.
    assert 100 <= count <= 300


def test_requests_that_fail_are_not_logged(ports):
    ports.log()
    assert ports.post("/v1/models/m:predict", {"inputs": {"z": [1]}}).status == 400
    assert ports.post("/v1/models/m:predict", "{").status == 400
    with pytest.raises(Exception, match="not found"):
        ports.call(request(1, signature="none"))
    ports.nothing()


def test_without_rules_nothing_is_logged_any_more(ports):
    ports.log()
    ports.plane.set_log_rules([])
    ports.call(request(1))
    ports.nothing()


def test_a_full_queue_drops_and_counts_and_no_request_fails(ports):
    ports.log()
    value = floats(*range(4 << 20))  # 16 MiB, and 32 MiB of answer: two fit into 128 MiB
    sent = plain.predict_request(plain.Spec("m"), {"x": plain.float_tensor(value, [len(value)])})
    for _ in range(4):
        assert len(ports.call(sent)) > 32 << 20
    pulled = ports.plane.next_log_entries(WAIT_S)
    assert (len(pulled.entries), pulled.dropped) == (2, {"m": 2})
    ports.call(request(1))
    ports.pull(1)


def test_what_is_queued_can_be_pulled_after_the_stop(ports):
    ports.log()
    ports.call(request(1))
    ports.plane.stop()
    assert len(ports.plane.next_log_entries(0).entries) == 1
    assert ports.plane.next_log_entries(WAIT_S) is None


def test_a_stop_ends_the_waiting(ports):
    result = in_thread(lambda: ports.plane.next_log_entries(10 * WAIT_S))
    ports.plane.stop()
    assert result() is None
