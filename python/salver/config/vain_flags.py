"""Flags that were given in vain, because others were given or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from salver.config.flag import FlagValue
from salver.config.flags import FLAGS

_Values: TypeAlias = Mapping[str, FlagValue]

_OF_PLATFORMS = (
    "enable_batching",
    "batching_parameters_file",
    "enable_per_model_batching_parameters",
    "tensorflow_session_config_file",
    "per_process_gpu_memory_fraction",
    "tensorflow_session_parallelism",
    "tensorflow_intra_op_parallelism",
    "tensorflow_inter_op_parallelism",
    "saved_model_tags",
    "enable_model_warmup",
    "num_request_iterations_for_warmup",
    "prefer_tflite_model",
    "num_tflite_pools",
    "num_tflite_interpreters_per_pool",
    "mixed_precision",
)
"""What the platform config file says for each TensorFlow platform."""

_OF_REST = (
    "rest_api_timeout_in_ms",
    "rest_api_enable_cors_support",
    "rest_api_gzip_min_bytes",
    "rest_api_use_tls",
    "rest_api_ssl_config_file",
    "monitoring_config_file",
)

_RULES: tuple[tuple[tuple[str, ...], Callable[[_Values], object], str], ...] = (
    (_OF_PLATFORMS, lambda values: values["platform_config_file"], "--platform_config_file says it for its platforms"),
    (
        ("model_name", "model_base_path"),
        lambda values: values["model_config_file"],
        "--model_config_file says what to serve",
    ),
    (
        ("model_config_file_poll_wait_seconds",),
        lambda values: not values["model_config_file"],
        "there is no --model_config_file to look at",
    ),
    (
        ("enable_per_model_batching_parameters",),
        lambda values: not values["enable_batching"],
        "without --enable_batching nothing is batched",
    ),
    (
        ("batching_parameters_poll_wait_seconds",),
        lambda values: (
            not values["platform_config_file"]
            and not (
                values["enable_batching"]
                and (values["batching_parameters_file"] or values["enable_per_model_batching_parameters"])
            )
        ),
        "there are no batching parameters to look at",
    ),
    (
        ("tensorflow_session_parallelism",),
        lambda values: values["tensorflow_intra_op_parallelism"] or values["tensorflow_inter_op_parallelism"],
        "--tensorflow_intra_op_parallelism and --tensorflow_inter_op_parallelism go before it",
    ),
    (
        ("num_request_iterations_for_warmup",),
        lambda values: not values["enable_model_warmup"],
        "without --enable_model_warmup nothing is replayed",
    ),
    (
        ("warmup_dir",),
        lambda values: not values["enable_model_warmup"] and not values["platform_config_file"],
        "without --enable_model_warmup nothing is replayed",
    ),
    (
        _OF_REST,
        lambda values: not values["rest_api_port"],
        "there is no --rest_api_port",
    ),
    (
        ("admin_host", "admin_host_names"),
        lambda values: not values["admin_port"],
        "--admin_port=0 opens none",
    ),
    (
        ("otlp_endpoint",),
        lambda values: values["trace_sampling_ratio"] < 0,  # type: ignore[operator]
        "without --trace_sampling_ratio nothing is traced",
    ),
    (
        ("grpc_channel_arguments",),
        lambda values: not values["port"] and not values["grpc_socket_path"],
        "there is neither a --port nor a --grpc_socket_path",
    ),
)
"""Flags, the condition under which they mean nothing, and why."""


def vain_flags(given: _Values, values: _Values) -> Iterator[tuple[str, str]]:
    """Name each flag that was given in vain, with the reason.

    Args:
        given: The flags that somebody set.
        values: The values of all.
    """
    told = set()
    for names, is_vain, why in _RULES:
        for name in names:
            if _asks_for_something(name, given) and name not in told and is_vain(values):
                told.add(name)
                yield name, why


def _asks_for_something(name: str, given: _Values) -> bool:
    return name in given and bool(given[name] or given[name] != FLAGS[name].default)
