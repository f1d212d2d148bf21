from __future__ import annotations

import pytest

from salver.config import ModelConfig, ServerConfig
from salver.config.validation import check, is_absolute, problems_of
from salver.errors import InvalidArgumentError


@pytest.mark.parametrize("path", ["/m", "gs://bucket/m", "s3://bucket", "file:///m", "my+scheme://x"])
def test_absolute_paths_and_uris(path):
    assert is_absolute(path)


@pytest.mark.parametrize("path", ["", "m", "./m", "c:/m", "://m", "1s://m"])
def test_everything_else_is_relative(path):
    assert not is_absolute(path)


def test_config_without_models_is_right():
    assert problems_of(ServerConfig()) == []


def test_any_free_port_may_be_asked_for_twice():
    assert problems_of(ServerConfig(grpc_port=0, rest_port=0)) == []


def test_problems_become_one_error():
    models = (ModelConfig(name="", base_path="/m"), ModelConfig(name="m", base_path="m", version_labels={"": 1}))
    with pytest.raises(InvalidArgumentError) as caught:
        check(problems_of(ServerConfig(models=models, grpc_port=None)))
    assert len(caught.value.message.split("; ")) == 4


def test_model_without_a_name_is_told_by_its_base_path():
    models = (ModelConfig(name="", base_path="m", version_labels={"": -1}),)
    assert all(problem.startswith("the model at 'm'") for problem in problems_of(ServerConfig(models=models)))


@pytest.mark.parametrize("endpoint", ["", "http://localhost:4318", "https://collector.example/"])
def test_collectors_that_traces_can_be_sent_to(endpoint):
    assert problems_of(ServerConfig(trace_sampling_ratio=0, otlp_endpoint=endpoint)) == []


@pytest.mark.parametrize(
    "endpoint", ["localhost:4318", "grpc://c:4317", "http://c:4318/v1/traces", "http://", "http://a b"]
)
def test_a_collector_is_named_by_its_base_url(endpoint):
    (problem,) = problems_of(ServerConfig(otlp_endpoint=endpoint))
    assert endpoint in problem


@pytest.mark.parametrize("ratio", [-0.1, 1.5, float("nan")])
def test_a_ratio_is_a_part(ratio):
    (problem,) = problems_of(ServerConfig(trace_sampling_ratio=ratio))
    assert problem.startswith("trace_sampling_ratio is")
