import pytest

from salver.config.server_config import ModelConfig, ServerConfig
from salver.server.given_config import given_config


def test_base_paths_and_configurations_become_models():
    own = ModelConfig(name="b", base_path="/b", version_labels={"stable": 1})
    config = given_config({"a": "/a", "b": own}, {"grpc_port": 0})
    assert (config.models, config.grpc_port) == ((ModelConfig(name="a", base_path="/a"), own), 0)
    assert given_config(None, {}).models == ()


def test_whole_configuration_is_taken_as_it_is_and_takes_no_settings():
    config = ServerConfig()
    assert given_config(config, {}) is config
    with pytest.raises(TypeError, match="no settings beside a ServerConfig, got grpc_port, host"):
        given_config(config, {"host": "::1", "grpc_port": 0})


def test_model_stands_under_its_own_name():
    with pytest.raises(ValueError, match="the configuration under a is of a model named b"):
        given_config({"a": ModelConfig(name="b", base_path="/b")}, {})
