import pytest

from salver import wire
from salver.config import ModelConfig
from salver.errors import DeadlineExceededError, FailedPreconditionError, InvalidArgumentError
from salver.server.model_reload import MAX_WAIT_S, RELOAD_CONFIG, ModelReload
from salver.testing.fake_calls import FakeControlCall
from salver.wire import parse_text

LIST = 'config { model_config_list { config { name: "a" base_path: "/a" model_platform: "tensorflow" } } }'


def request(text, timeout_s=None):
    body = parse_text(text, "tensorflow.serving.ReloadConfigRequest").SerializeToString()
    call = FakeControlCall.grpc(RELOAD_CONFIG, body)
    call.timeout_s = timeout_s
    return call


def answer(call, apply=lambda models, timeout_s, writer: None, metric_values=dict):
    return wire.ReloadConfigResponse.FromString(ModelReload(apply, metric_values).grpc(call))


def test_models_of_the_request_are_applied():
    applied = []
    response = answer(request(LIST), lambda models, timeout_s, writer: applied.extend(models))
    assert applied == [ModelConfig(name="a", base_path="/a")]
    assert response.HasField("status")
    assert (response.status.error_code, response.status.error_message) == (0, "")


def test_log_is_told_where_the_request_comes_from():
    writers = []
    answer(request(LIST), lambda models, timeout_s, writer: writers.append(writer))
    assert writers == ["a reload request from 192.0.2.1:5000"]


def test_empty_list_is_a_list():
    applied = []
    answer(request("config { model_config_list {} }"), lambda models, timeout_s, writer: applied.append(models))
    assert applied == [()]


@pytest.mark.parametrize(("timeout_s", "waited_s"), [(None, MAX_WAIT_S), (2.5, 2.5), (1e6, MAX_WAIT_S)])
def test_wait_is_limited_by_caller_and_server(timeout_s, waited_s):
    limits = []
    answer(request(LIST, timeout_s), lambda models, timeout_s, writer: limits.append(timeout_s))
    assert limits == [waited_s]


def test_increase_of_each_metric_is_told_once_in_the_order_of_the_request():
    values = {"/loads": 3, "/other": 1}

    def apply(models, timeout_s, writer):
        values["/loads"] = 5

    response = answer(
        request(f'{LIST} metric_names: "/other" metric_names: "/loads" metric_names: "/none" metric_names: "/loads"'),
        apply,
        values.copy,
    )
    increases = [(metric.name, metric.int64_value_increase) for metric in response.metric]
    assert increases == [("/other", 0), ("/loads", 2), ("/none", 0)]


@pytest.mark.parametrize("text", ["", "config {}", "config { custom_model_config {} }"])
def test_request_without_a_list_is_refused(text):
    with pytest.raises(InvalidArgumentError, match="Only ModelConfigList is currently supported"):
        answer(request(text))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ('config { name: "a" base_path: "a" model_platform: "tensorflow" }', "absolute path"),
        ('config { name: "a" base_path: "/a" }', "neither model_platform nor model_type"),
        ('config { name: "a" base_path: "/a" model_type: OTHER }', "model_type 2 is not supported"),
        ('config { name: "a" base_path: "/a" model_type: TENSORFLOW model_platform: "t" }', "both set"),
        ('config { base_path: "/a" model_platform: "tensorflow" }', "has no name"),
    ],
)
def test_wrong_models_are_refused_before_anything_is_applied(entries, expected):
    applied = []
    call = request(f"config {{ model_config_list {{ {entries} }} }}")
    with pytest.raises(InvalidArgumentError, match=expected):
        answer(call, lambda models, timeout_s, writer: applied.append(models))
    assert applied == []


def test_bytes_that_are_no_request_are_refused():
    with pytest.raises(InvalidArgumentError):
        answer(FakeControlCall.grpc(RELOAD_CONFIG, b"\xff"))


@pytest.mark.parametrize("error", [FailedPreconditionError("label"), DeadlineExceededError("still loading")])
def test_refusal_is_the_answer_and_is_logged_without_a_traceback(error, caplog):
    def apply(models, timeout_s, writer):
        raise error

    with pytest.raises(type(error), match=error.message):
        answer(request(LIST), apply)
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.getMessage().startswith("ReloadConfig failed: ")
    assert record.exc_info is None
