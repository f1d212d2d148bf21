import pytest

from salver.config.flags import FLAGS
from salver.config.vain_flags import vain_flags

DEFAULTS = {flag.name: flag.default for flag in FLAGS.values()}


def vain(**given):
    return dict(vain_flags(given, {**DEFAULTS, **given}))


@pytest.mark.parametrize(
    ("given", "name", "why"),
    [
        ({"model_config_file": "/f", "model_name": "m"}, "model_name", "--model_config_file says"),
        ({"model_config_file": "/f", "model_base_path": "/m"}, "model_base_path", "--model_config_file says"),
        ({"model_config_file_poll_wait_seconds": 5}, "model_config_file_poll_wait_seconds", "no --model_config_file"),
        (
            {"batching_parameters_poll_wait_seconds": 9},
            "batching_parameters_poll_wait_seconds",
            "no batching parameters",
        ),
        ({"enable_per_model_batching_parameters": True}, "enable_per_model_batching_parameters", "--enable_batching"),
        (
            {"tensorflow_session_parallelism": 2, "tensorflow_intra_op_parallelism": 1},
            "tensorflow_session_parallelism",
            "go before it",
        ),
        (
            {"num_request_iterations_for_warmup": 2, "enable_model_warmup": False},
            "num_request_iterations_for_warmup",
            "nothing is replayed",
        ),
        ({"rest_api_timeout_in_ms": 5}, "rest_api_timeout_in_ms", "no --rest_api_port"),
        ({"rest_api_ssl_config_file": "/f"}, "rest_api_ssl_config_file", "no --rest_api_port"),
        ({"grpc_channel_arguments": "grpc.so_reuseport=1", "port": 0}, "grpc_channel_arguments", "--grpc_socket_path"),
        ({"admin_host": "::", "admin_port": 0}, "admin_host", "--admin_port=0"),
        ({"monitoring_config_file": "/f"}, "monitoring_config_file", "no --rest_api_port"),
        ({"platform_config_file": "/f", "enable_model_warmup": False}, "enable_model_warmup", "--platform_config_file"),
        ({"rest_api_gzip_min_bytes": 0}, "rest_api_gzip_min_bytes", "no --rest_api_port"),
        ({"platform_config_file": "/f", "mixed_precision": "bfloat16"}, "mixed_precision", "--platform_config_file"),
    ],
)
def test_flag_that_another_makes_meaningless_is_named_with_the_reason(given, name, why):
    found = vain(**given)
    assert list(found) == [name]
    assert why in found[name]


@pytest.mark.parametrize(
    "given",
    [
        {"model_name": "m", "model_base_path": "/m"},
        {"model_config_file": "/f", "model_config_file_poll_wait_seconds": 5},
        {"enable_batching": True, "enable_per_model_batching_parameters": True},
        {"enable_batching": True, "batching_parameters_file": "/f", "batching_parameters_poll_wait_seconds": 9},
        {"platform_config_file": "/f", "batching_parameters_poll_wait_seconds": 9},
        {"rest_api_port": 8501, "rest_api_timeout_in_ms": 5},
        {"enable_per_model_batching_parameters": False},
        {"platform_config_file": "/f", "enable_batching": False},
    ],
)
def test_flag_that_means_something_or_asks_for_nothing_is_not(given):
    assert vain(**given) == {}
