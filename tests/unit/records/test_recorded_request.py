import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver import wire
from salver.errors import InvalidArgumentError, UnimplementedError
from salver.records.recorded_request import RecordedRequest, record_of, recorded_request, request_message
from tests.support.prediction_logs import log_record


@pytest.mark.parametrize(
    ("field", "log", "request_message", "api"),
    [
        ("predict_log", "PredictLog", "PredictRequest", "predict"),
        ("classify_log", "ClassifyLog", "ClassificationRequest", "classify"),
        ("regress_log", "RegressLog", "RegressionRequest", "regress"),
        ("multi_inference_log", "MultiInferenceLog", "MultiInferenceRequest", "multi_inference"),
    ],
)
def test_each_kind_gives_its_request(field, log, request_message, api):
    assert recorded_request(log_record(field, log, request_message)) == RecordedRequest(api, b"")


@pytest.mark.parametrize("api", ["predict", "classify", "regress", "multi_inference"])
def test_a_request_becomes_a_record_again(api):
    message = {
        "predict": wire.PredictRequest(output_filter=["y"]),
        "classify": wire.ClassificationRequest(model_spec=wire.ModelSpec(name="m")),
        "regress": wire.RegressionRequest(model_spec=wire.ModelSpec(name="m")),
        "multi_inference": wire.MultiInferenceRequest(),
    }[api]
    assert request_message(record_of(api, message)) == (api, message)


def test_only_the_request_is_taken():
    request = wire.PredictRequest(model_spec=wire.ModelSpec(name="m", signature_name="s"), output_filter=["y"])
    response = wire.PredictResponse(model_spec=wire.ModelSpec(name="other"))
    log = wire.PredictionLog(
        log_metadata=wire.LogMetadata(dc="a"),
        predict_log=wire.message_class("tensorflow.serving.PredictLog")(request=request, response=response),
    )
    found = recorded_request(log.SerializeToString())
    assert found == RecordedRequest("predict", request.SerializeToString())


@pytest.mark.parametrize(
    ("field", "log", "request_message"),
    [
        ("session_run_log", "SessionRunLog", "SessionRunRequest"),
        ("predict_streamed_log", "PredictStreamedLog", "PredictRequest"),
    ],
)
def test_kinds_that_are_not_replayed_are_named(field, log, request_message):
    with pytest.raises(UnimplementedError, match=field):
        recorded_request(log_record(field, log, request_message))


def test_a_record_without_a_log_has_no_request():
    assert recorded_request(b"") is None
    assert recorded_request(wire.PredictionLog(log_metadata=wire.LogMetadata(dc="a")).SerializeToString()) is None


def test_a_record_of_something_else_is_told():
    with pytest.raises(InvalidArgumentError, match="expected a serialized PredictionLog"):
        recorded_request(b"\xff\xff not a message")


@given(st.binary(max_size=200))
def test_no_record_gives_any_other_error(record):
    with contextlib.suppress(InvalidArgumentError, UnimplementedError):
        recorded_request(record)
