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
