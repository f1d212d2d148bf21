"""From a server's configuration to the options of what it is composed of."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from salver.boundary import DataPlaneOptions, TensorFlowOptions
from salver.config.server_config import AspiredVersionPolicyName, ModelConfig, ServerConfig
from salver.config.tls import TlsSource
from salver.core.aspired_version_policy import (
    AspiredVersionPolicy,
    availability_preserving_policy,
    resource_preserving_policy,
)
from salver.core.event_bus import EventBus
from salver.core.manager_options import AspiredVersionsManagerOptions
from salver.core.resource_tracker import ResourceTracker
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource, ResourceAllocation, ResourceUtil
from salver.core.retry import Backoff, RetryOptions
from salver.core.servable_state import ServableState
from salver.core.serving_map import ServingTable
from salver.servables.tflite.options import TfLiteOptions
from salver.server.record_files import FileLimits
from salver.server.request_loggers import RequestLogOptions
from salver.server.request_sampling import LoggingTask
from salver.server.warmup import WarmupOptions
from salver.sources.file_system_config import FileSystemSourceConfig
from salver.sources.version_scan import FileSystemServable

_LOADS_PER_CPU = 4
"""Loads read and compute by turns, so more of them than CPUs run at once."""
_NUM_UNLOAD_THREADS = 4
_FIRST_RETRY_S = 1.0
_RETRY_GROWTH = 2.0
_CLOSE_TIMEOUT_S = 2.0
"""At the end of a server the drain has waited already; all limits together stay near the 30 s of an orchestrator."""
_CPUS_PER_IO_THREAD = 4
"""A loop moves far more requests than four CPUs run models; on few CPUs the others are for the runners."""

_POLICIES: dict[AspiredVersionPolicyName, AspiredVersionPolicy] = {
    AspiredVersionPolicyName.AVAILABILITY_PRESERVING: availability_preserving_policy,
    AspiredVersionPolicyName.RESOURCE_PRESERVING: resource_preserving_policy,
}


def num_cpus() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def num_runners(config: ServerConfig) -> int:
    """Return how many threads run models."""
    threads = config.batching.num_batch_threads if config.enable_batching else None
    return config.num_runners or threads or num_cpus()


def data_plane_options(config: ServerConfig) -> DataPlaneOptions:
    """Return what the data plane is to be made with."""
    return DataPlaneOptions(
        num_io_threads=config.num_io_threads or max(1, num_cpus() // _CPUS_PER_IO_THREAD),
        num_runners=num_runners(config),
        max_message_bytes=config.max_message_bytes,
        rest_timeout_s=config.rest_timeout_s,
        tensor_content=config.enable_serialization_as_tensor_content,
        rest_cors=config.rest_cors,
        min_gzip_bytes=config.min_gzip_bytes,
        grpc=config.grpc,
        check_methods=config.check_signature_methods,
        access_log=config.access_log,
        trace_sampling_ratio=config.trace_sampling_ratio,
    )


def tls_sources(config: ServerConfig) -> dict[str, TlsSource]:
    """Return where the credentials of each port come from, by port; one that is in the clear is not there."""
    sources = {"grpc": config.grpc_tls, "rest": config.rest_tls}
    return {port: source for port, source in sources.items() if source is not None}


def tensorflow_options(config: ServerConfig) -> TensorFlowOptions:
    """Return how SavedModels are to be opened."""
    return TensorFlowOptions(
        tags=config.saved_model_tags,
        intra_op_threads=config.tensorflow_intra_op_threads,
        inter_op_threads=config.tensorflow_inter_op_threads,
        session_config=config.tensorflow_session_config,
        run_in_caller=_run_in_caller(config.tensorflow_inter_op_threads),
    )


def tflite_options(config: ServerConfig) -> TfLiteOptions:
    """Return how TFLite models are to be chosen and run."""
    return TfLiteOptions(
        prefer_tflite=config.prefer_tflite,
        num_pools=config.num_tflite_pools or num_cpus(),
        num_interpreters_per_pool=config.num_tflite_interpreters_per_pool,
    )


def _run_in_caller(inter_op_threads: int | None) -> bool | None:
    # Who asks for several operations at a time gets TensorFlow's pool; who asks for nothing, what proves faster.
    return None if inter_op_threads is None else inter_op_threads == 1


def manager_options(
    config: ServerConfig,
    bus: EventBus[ServableState],
    tables: Sequence[ServingTable],
    policy_for: Callable[[str], AspiredVersionPolicy],
) -> AspiredVersionsManagerOptions:
    """Return what the manager is to be made with; `policy_for` gives the policy of a model by its name.

    A load that fails is the failure of its version at once, and is seen as such; the next attempt comes after a pause.
    """
    return AspiredVersionsManagerOptions(
        resource_tracker=_resource_tracker(config.total_model_memory_limit_bytes),
        num_load_threads=_or_default(config.num_load_threads, _LOADS_PER_CPU * num_cpus()),
        num_unload_threads=_or_default(config.num_unload_threads, _NUM_UNLOAD_THREADS),
        event_bus=bus,
        retry=RetryOptions(max_num_retries=0),
        failed_version_backoff=_backoff(config),
        failed_version_max_retries=config.max_num_load_retries,
        policy_for=policy_for,
        serving_tables=tables,
        close_timeout_s=_CLOSE_TIMEOUT_S,
    )


def warmup_options(config: ServerConfig) -> WarmupOptions:
    """Return how versions are to be warmed up."""
    return WarmupOptions(
        num_iterations=config.num_warmup_iterations, num_threads=config.num_warmup_threads, folder=config.warmup_dir
    )


def request_log_options(config: ServerConfig, tags_of: Callable[[str], tuple[str, ...]]) -> RequestLogOptions:
    """Return how requests are to be logged, for models that ask for it; `tags_of` gives the tags of a platform."""
    return RequestLogOptions(
        task=LoggingTask(dc=config.request_log_dc, index=config.request_log_task_index),
        tags_of=tags_of,
        limits=FileLimits(max_bytes=config.request_log_max_file_bytes, max_age_s=config.request_log_max_file_s),
    )


def policies(config: ServerConfig, models: Sequence[ModelConfig]) -> dict[str, AspiredVersionPolicy]:
    """Return the policy of each of these models, by name."""
    return {model.name: _POLICIES[model.aspired_version_policy or config.aspired_version_policy] for model in models}


def _or_default(number: int | None, default: int) -> int:
    # Zero, on the manager's own thread, would let one model hold up all others.
    return default if number is None else max(1, number)


def _backoff(config: ServerConfig) -> Backoff | None:
    if config.max_num_load_retries == 0:
        return None
    longest_s = config.load_retry_interval_s
    return Backoff(interval_s=min(_FIRST_RETRY_S, longest_s), multiplier=_RETRY_GROWTH, max_interval_s=longest_s)


def _resource_tracker(limit_bytes: int | None) -> ResourceTracker | None:
    if limit_bytes is None:
        return None
    total = ResourceAllocation({Resource(MAIN, RAM_IN_BYTES, 0): limit_bytes})
    return ResourceTracker(total, ResourceUtil({MAIN: 1}))


def source_config(config: ServerConfig, models: Sequence[ModelConfig]) -> FileSystemSourceConfig:
    """Return what the source is to watch."""
    return FileSystemSourceConfig(
        servables=tuple(
            FileSystemServable(name=model.name, base_path=model.base_path, policy=model.version_policy)
            for model in models
        ),
        poll_wait_s=config.file_system_poll_wait_s,
    )
