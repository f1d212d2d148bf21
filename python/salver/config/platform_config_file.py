"""The platform config file: TensorFlow platforms that differ in how their models are opened, batched and warmed up.

Each platform of a PlatformConfigMap becomes a whole `ServerConfig`: the server's own, with the settings of the platform
in place of those that flags gave. Models choose one by `model_platform`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from google.protobuf.message import DecodeError

from salver.config.batching_parameters import BatchingParameters
from salver.config.batching_parameters_file import Scope, parameters_of
from salver.config.server_config import ServerConfig
from salver.config.session_config import apply_mixed_precision, session_fields
from salver.config.text_file import read_message
from salver.config.validation import check
from salver.errors import InvalidArgumentError
from salver.wire import Message, SavedModelBundleSourceAdapterConfig, SessionBundleConfig

PLATFORM_CONFIG_MAP = "tensorflow.serving.PlatformConfigMap"

_log = logging.getLogger(__name__)

_WITHOUT_EFFECT = {
    "session_target": "models run in this process",
    "session_run_load_threadpool_index": "TensorFlow's own pool loads",
    "experimental_transient_ram_bytes_during_load": "memory is estimated from the files and measured",
    "in_graph_batching_parameters": "batch operations run as they were saved",
    "enable_session_metadata": "the runtime is not told names",
    "resource_estimation_uses_validation_result": "memory is estimated from the files and measured",
    "num_tflite_interpreters": "deprecated; set num_tflite_pools",
    "wrap_session_with_no_threading_params": "threads are chosen by the server",
}
_REFUSED = {
    "experimental_fixed_input_tensors": "inputs cannot be fixed by configuration",
    "enable_saved_model_config": "models cannot override their session options",
}


def read_platform_config_file(path: str, server: ServerConfig) -> dict[str, ServerConfig]:
    """Read what holds for the models of each platform.

    Args:
        path: The file.
        server: What holds beside it.

    Raises:
        NotFoundError, FailedPreconditionError: There is no such file, or it cannot be read.
        InvalidArgumentError: It is no such message, or asks for what is not there; names all problems.
    """
    message = read_message(path, PLATFORM_CONFIG_MAP, what="platform config file")
    platforms, problems = {}, []
    for name in sorted(message.platform_configs):
        source = f"{path}: platform {name}"
        try:
            platforms[name] = replace(server, **_fields(message.platform_configs[name], source))
        except InvalidArgumentError as error:
            problems.append(error.message)
    if not message.platform_configs:
        problems.append(f"{path}: there are no platform_configs")
    check(problems)
    return platforms


def _fields(platform: Message, source: str) -> dict[str, Any]:
    legacy = _legacy_config(platform.source_adapter_config, source)
    check([f"{source}: {name} is set, but {why}" for name, why in _given(legacy, _REFUSED)])
    vain = [f"{name} ({why})" for name, why in _given(legacy, _WITHOUT_EFFECT)]
    if vain:
        _log.warning("%s: settings without effect: %s", source, "; ".join(vain))
    session = legacy.session_config
    apply_mixed_precision(session, legacy.mixed_precision, source=f"{source}: mixed_precision")
    return {
        "saved_model_tags": tuple(legacy.saved_model_tags) or ("serve",),
        "prefer_tflite": legacy.prefer_tflite_model,
        "num_tflite_pools": legacy.num_tflite_pools or None,
        "num_tflite_interpreters_per_pool": legacy.num_tflite_interpreters_per_pool or 1,
        **session_fields(session),
        **_batching_fields(legacy, source),
        **_warmup_fields(legacy, source),
    }


def _legacy_config(adapter: Message, source: str) -> Message:
    kind, expected = adapter.type_url.rpartition("/")[2], SavedModelBundleSourceAdapterConfig.DESCRIPTOR.full_name
    if kind != expected:
        raise InvalidArgumentError(f"{source}: source_adapter_config is a {kind or '(nothing)'}, expected a {expected}")
    try:
        legacy: Message = SavedModelBundleSourceAdapterConfig.FromString(adapter.value).legacy_config
    except DecodeError:
        raise InvalidArgumentError(f"{source}: source_adapter_config is no {expected}: its bytes are damaged") from None
    return legacy


def _given(legacy: Message, reasons: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    default = SessionBundleConfig()
    return ((name, why) for name, why in reasons.items() if getattr(legacy, name) != getattr(default, name))


def _batching_fields(legacy: Message, source: str) -> dict[str, Any]:
    is_on = legacy.HasField("batching_parameters")
    parameters = BatchingParameters()
    if is_on:
        parameters = parameters_of(legacy.batching_parameters, f"{source}: batching_parameters", Scope.PLATFORM)
        for line in parameters.warnings:
            _log.warning("%s", line)
    return {
        "enable_batching": is_on,
        "batching": parameters,
        "enable_per_model_batching": legacy.enable_per_model_batching_params,
    }


def _warmup_fields(legacy: Message, source: str) -> dict[str, Any]:
    options = legacy.model_warmup_options
    if options.enable_all_batch_sizes_warmup:
        _log.warning("%s: enable_all_batch_sizes_warmup has no effect: records are replayed as they are", source)
    return {
        "enable_model_warmup": legacy.enable_model_warmup,
        "num_warmup_iterations": max(options.num_request_iterations.value, 1),
        "num_warmup_threads": max(options.num_model_warmup_threads.value, 1),
    }
