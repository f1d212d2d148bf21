"""The one reader of configuration: flags, environment and files become a `ServerConfig`.

A later place overrides an earlier one, flag by flag: default < file (`--config_file`) < environment < command line.
Everything that is wrong is said at once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from salver.config.channel_arguments import parse_channel_arguments
from salver.config.flag import Effect, FlagValue
from salver.config.flag_parser import Reading, parse_arguments, parse_environment, parse_toml
from salver.config.flags import FLAGS
from salver.config.server_config import AspiredVersionPolicyName, LogFormat, ModelConfig, ServerConfig
from salver.config.tls_flags import grpc_tls, rest_tls, tls_problems
from salver.config.vain_flags import vain_flags
from salver.config.validation import check, problems_of
from salver.errors import InvalidArgumentError, SalverError

_log = logging.getLogger(__name__)

_MICROS = 1e-6
_MILLIS = 1e-3


class FlagsError(InvalidArgumentError):
    """What was typed cannot be read as flags; `problems` has one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Settings:
    """The value of every flag, whoever set it, and what the operator should be told."""

    values: Mapping[str, FlagValue]
    warnings: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()
    """The flags that somebody set."""


def read_settings(arguments: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Merge all places into one value for every flag.

    Args:
        arguments: The command line without the program's name and the subcommand.
        environ: The process environment.

    Raises:
        FlagsError: A flag, a variable or a key is unknown or has a bad value; names all of them.
    """
    from_arguments, from_environment = parse_arguments(arguments), parse_environment(environ)
    path = {**from_environment.values, **from_arguments.values}.get("config_file")
    from_file = _read_config_file(str(path)) if path else Reading()
    given = {**from_file.values, **from_environment.values, **from_arguments.values}
    problems = [*from_arguments.problems, *from_environment.problems, *from_file.problems]
    problems += [f"--{name}: {FLAGS[name].help}" for name in _beyond_actual(given, Effect.REFUSED)]
    channel = parse_channel_arguments(str(given.get("grpc_channel_arguments", "")))
    problems += channel.problems
    if problems:
        raise FlagsError(problems)
    values = {**{flag.name: flag.default for flag in FLAGS.values()}, **given}
    warnings = (*from_environment.warnings, *_no_effect(given, values), *channel.warnings)
    return Settings(values, warnings, frozenset(given))


def _read_config_file(path: str) -> Reading:
    try:
        reading = parse_toml(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return Reading(problems=(f"--config_file: {error}",))
    return Reading(reading.values, [f"{path}: {problem}" for problem in reading.problems])


def _beyond_actual(given: Mapping[str, FlagValue], effect: Effect) -> list[str]:
    """Names of the flags of this effect that ask for something else than there is."""
    return [name for name, value in given.items() if FLAGS[name].effect is effect and value != FLAGS[name].actual]


def _no_effect(given: Mapping[str, FlagValue], values: Mapping[str, FlagValue]) -> list[str]:
    """One warning for all flags that were given in vain, or none."""
    inert = [(name, FLAGS[name].help.rstrip(".")) for name in _beyond_actual(given, Effect.INERT)]
    vain = [f"--{name} ({why})" for name, why in (*inert, *vain_flags(given, values))]
    return [f"flags without effect: {'; '.join(vain)}"] if vain else []


def read_server_config(settings: Settings) -> ServerConfig:
    """Turn flag values into a checked `ServerConfig`; reads the model config file where one is named.

    Raises:
        InvalidArgumentError: The values do not go together, or the model config file is wrong; names all problems.
        NotFoundError: There is no such model config file.
    """
    values = settings.values
    problems = _contradictions(values)
    from_files, errors = _read_files(values)
    from_flags = {**_server_fields(values), **_listen_fields(values), **_servable_fields(values)}
    is_optional = "admin_port" not in settings.given
    config = ServerConfig(**from_flags | _request_log_fields(values) | from_files, is_admin_port_optional=is_optional)
    if values["platform_config_file"]:
        config, errors = _with_platforms(config, str(values["platform_config_file"]), errors)
    problems += [line for line in problems_of(config) if line not in problems]
    if len(errors) == 1 and not problems:
        raise errors[0]
    check([*problems, *(error.message for error in errors)])
    return config


def _read_files(values: Mapping[str, FlagValue]) -> tuple[dict[str, Any], list[SalverError]]:
    """The fields of `ServerConfig` that come from files, and what is wrong with the files."""
    fields: dict[str, Any] = {}
    errors = []
    for read in (_read_models, _read_monitoring, _read_session_config, _read_batching):
        try:
            fields |= read(values)
        except SalverError as error:
            errors.append(error)
    return fields, errors


def _contradictions(values: Mapping[str, FlagValue]) -> list[str]:
    problems = []
    if not values["model_base_path"] and not values["model_config_file"]:
        problems.append("nothing to serve: --model_base_path and --model_config_file are both empty")
    if values["warmup_dir"] and not os.path.isdir(str(values["warmup_dir"])):
        problems.append(f"--warmup_dir: {values['warmup_dir']} is no folder")
    problems += tls_problems(values)
    if values["platform_config_file"]:
        return problems  # the flags below do not hold then
    if values["batching_parameters_file"] and not values["enable_batching"]:
        problems.append("--batching_parameters_file is set without --enable_batching")
    threads = ("tensorflow_session_parallelism", "tensorflow_intra_op_parallelism", "tensorflow_inter_op_parallelism")
    if all(values[name] for name in threads):
        problems.append(f"set either --{threads[0]}, or --{threads[1]} and --{threads[2]}; not all three")
    return problems


def _read_models(values: Mapping[str, FlagValue]) -> dict[str, Any]:
    if values["model_config_file"]:
        from salver.config.model_config_file import read_model_config_file  # here, because it loads protobuf

        path = str(values["model_config_file"])
        return {"models": read_model_config_file(path), "model_config_file": path}
    if not values["model_base_path"]:
        return {}
    model = ModelConfig(name=str(values["model_name"]), base_path=str(values["model_base_path"]))
    _log.info(
        "Building single TensorFlow model file config:  model_name: %s model_base_path: %s", model.name, model.base_path
    )
    return {"models": (model,)}


def _read_monitoring(values: Mapping[str, FlagValue]) -> dict[str, Any]:
    if not values["monitoring_config_file"]:
        return {}
    from salver.config.monitoring_config_file import read_monitoring_config_file

    return read_monitoring_config_file(str(values["monitoring_config_file"]))


def _read_session_config(values: Mapping[str, Any]) -> dict[str, Any]:
    """Session options, where a flag asks for more than threads; threads alone need no protobuf, which takes time."""
    path, fraction = str(values["tensorflow_session_config_file"]), values["per_process_gpu_memory_fraction"]
    precision = str(values["mixed_precision"])
    if values["platform_config_file"] or not (path or fraction or precision):
        return {}
    from salver.config import session_config

    config = session_config.read_session_config(path)
    intra_op, inter_op = _op_threads(values)
    session_config.lay_flags(config, intra_op=intra_op, inter_op=inter_op, gpu_memory_fraction=fraction)
    session_config.apply_mixed_precision(config, precision, source="--mixed_precision")
    return session_config.session_fields(config)


def _read_batching(values: Mapping[str, FlagValue]) -> dict[str, Any]:
    path = str(values["batching_parameters_file"])
    if values["platform_config_file"] or not values["enable_batching"] or not path:
        return {}
    from salver.config.batching_parameters_file import read_batching_parameters, server_scope

    scope = server_scope(are_per_version=bool(values["enable_per_model_batching_parameters"]))
    parameters = read_batching_parameters(path, scope)
    for line in parameters.warnings:
        _log.warning("%s", line)
    return {"batching": parameters, "batching_parameters_file": path}


def _with_platforms(
    config: ServerConfig, path: str, errors: list[SalverError]
) -> tuple[ServerConfig, list[SalverError]]:
    from salver.config.platform_config_file import read_platform_config_file

    try:
        return replace(config, tensorflow_platforms=read_platform_config_file(path, config)), errors
    except SalverError as error:
        return config, [*errors, error]


def _op_threads(values: Mapping[str, Any]) -> tuple[int, int]:
    """Threads for one operation, and operations at a time; 0 is none given."""
    intra, inter = values["tensorflow_intra_op_parallelism"], values["tensorflow_inter_op_parallelism"]
    if not intra and not inter:
        intra = inter = values["tensorflow_session_parallelism"]
    return intra, inter


def _server_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `ServerConfig` that flags alone set; zeros that mean "none" or "choose" become None."""
    intra, inter = _op_threads(values)
    timeout_ms, retry_micros = values["rest_api_timeout_in_ms"], values["load_retry_interval_micros"]
    config_poll = values["model_config_file_poll_wait_seconds"]
    num_retries = values["max_num_load_retries"]
    return {
        "host": values["host"],
        "grpc_port": values["port"] or None,
        "rest_port": values["rest_api_port"] or None,
        "max_message_bytes": values["max_message_bytes"] or None,
        "rest_timeout_s": timeout_ms * _MILLIS if timeout_ms > 0 else None,
        "enable_serialization_as_tensor_content": values["enable_serialization_as_tensor_content"],
        "model_config_file_poll_wait_s": float(config_poll) if config_poll > 0 else None,
        "allow_version_labels_for_unavailable_models": values["allow_version_labels_for_unavailable_models"],
        "file_system_poll_wait_s": float(values["file_system_poll_wait_seconds"]),
        "aspired_version_policy": AspiredVersionPolicyName(values["aspired_version_policy"]),
        "num_load_threads": values["num_load_threads"] or None,
        "num_unload_threads": values["num_unload_threads"] or None,
        "max_num_load_retries": num_retries if num_retries >= 0 else None,
        "load_retry_interval_s": max(retry_micros, 0) * _MICROS,
        "total_model_memory_limit_bytes": values["total_model_memory_limit_bytes"] or None,
        "serve_while_loading": values["serve_while_loading"],
        "saved_model_tags": _items(values["saved_model_tags"]),
        "tensorflow_intra_op_threads": intra or None,
        "tensorflow_inter_op_threads": inter or None,
        "num_io_threads": values["num_io_threads"] or None,
        "num_runners": values["num_runners"] or None,
        "drain_timeout_s": values["drain_timeout_seconds"],
        "log_format": LogFormat(values["log_format"]),
        "access_log": values["access_log"],
        "trace_sampling_ratio": values["trace_sampling_ratio"] if values["trace_sampling_ratio"] >= 0 else None,
        "otlp_endpoint": values["otlp_endpoint"],
    }


def _listen_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the fields that concern sockets and connections."""
    return {
        "admin_port": values["admin_port"] or None,
        "admin_host": values["admin_host"],
        "admin_host_names": _items(values["admin_host_names"]),
        "grpc_socket_path": values["grpc_socket_path"] or None,
        "grpc_tls": grpc_tls(values),
        "rest_tls": rest_tls(values),
        "grpc": parse_channel_arguments(values["grpc_channel_arguments"]).options,
        "rest_cors": values["rest_api_enable_cors_support"],
        "min_gzip_bytes": values["rest_api_gzip_min_bytes"] or None,
    }


def _servable_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the fields that concern single kinds of servables, and what happens to a version before it serves."""
    batching_poll = values["batching_parameters_poll_wait_seconds"]
    return {
        "enable_batching": values["enable_batching"],
        "batching_parameters_poll_wait_s": float(batching_poll) if batching_poll > 0 else None,
        "enable_per_model_batching": values["enable_per_model_batching_parameters"],
        "flush_filesystem_caches": values["flush_filesystem_caches"],
        "check_signature_methods": values["enable_signature_method_name_check"],
        "custom_op_libraries": _items(values["custom_op_libraries"]),
        "prefer_tflite": values["prefer_tflite_model"],
        "num_tflite_pools": values["num_tflite_pools"] or None,
        "num_tflite_interpreters_per_pool": values["num_tflite_interpreters_per_pool"],
        "enable_model_warmup": values["enable_model_warmup"],
        "warmup_dir": str(values["warmup_dir"]) or None,
        "num_warmup_iterations": max(values["num_request_iterations_for_warmup"], 1),
    }


def _request_log_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    task_index = values["request_log_task_index"]
    return {
        "request_log_dc": values["request_log_dc"],
        "request_log_task_index": task_index if task_index >= 0 else None,
        "request_log_max_file_bytes": values["request_log_max_file_bytes"],
        "request_log_max_file_s": values["request_log_max_file_seconds"],
    }


def _items(text: str) -> tuple[str, ...]:
    """The items of a comma-separated list."""
    return tuple(item.strip() for item in text.split(",") if item.strip())
