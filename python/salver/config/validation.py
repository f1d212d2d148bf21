"""What makes a configuration wrong, whoever wrote it: flags, a file, a reload request or a program.

Checks gather; `check` raises once for all of them.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from salver.config.server_config import ModelConfig, ServerConfig
from salver.errors import InvalidArgumentError

_HTTP_URL = re.compile(r"https?://[^/?#\s]+/?")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def check(problems: Sequence[str]) -> None:
    """Raise InvalidArgumentError with all problems, if there are any."""
    if problems:
        raise InvalidArgumentError("; ".join(problems))


def problems_of(config: ServerConfig) -> list[str]:
    """What is wrong with a server's configuration, one line each."""
    problems = []
    if config.grpc_port is None and config.grpc_socket_path is None and config.rest_port is None:
        problems.append("nothing to listen on: there is neither a gRPC port, a Unix socket nor a REST port")
    if config.grpc_port and config.grpc_port == config.rest_port:
        problems.append(f"gRPC and REST cannot share port {config.grpc_port}")
    if config.admin_port and not config.is_admin_port_optional:
        owners = {"gRPC": config.grpc_port, "REST": config.rest_port}
        shared = [owner for owner, port in owners.items() if port == config.admin_port]
        problems += [f"{owner} and the admin listener cannot share port {config.admin_port}" for owner in shared]
    if not config.saved_model_tags:
        problems.append("saved_model_tags is empty: expected at least one tag")
    return [*problems, *_problems_of_tracing(config), *problems_of_models(config.models)]


def _problems_of_tracing(config: ServerConfig) -> Iterator[str]:
    ratio, endpoint = config.trace_sampling_ratio, config.otlp_endpoint
    if ratio is not None and not 0 <= ratio <= 1:
        yield f"trace_sampling_ratio is {ratio}, expected a number from 0 to 1"
    if endpoint and not _HTTP_URL.fullmatch(endpoint):
        yield f"otlp_endpoint is {endpoint!r}, expected a URL such as http://localhost:4318, without a path or query"


def problems_of_models(models: Sequence[ModelConfig]) -> list[str]:
    """What is wrong with a list of models, one line each; names that occur twice come first."""
    counts = Counter(model.name for model in models)
    repeated = [f"model {name} is listed {n} times: names must be unique" for name, n in counts.items() if n > 1]
    return repeated + [problem for model in models for problem in _problems_of_model(model)]


def _problems_of_model(model: ModelConfig) -> Iterator[str]:
    title = f"model {model.name}" if model.name else f"the model at {model.base_path!r}"
    if not model.name:
        yield f"{title} has no name"
    if not is_absolute(model.base_path):
        yield f"{title}: base_path must be an absolute path or a URI, got {model.base_path!r}"
    if model.request_logging is not None and not model.request_logging.filename_prefix:
        yield f"{title}: logging_config has no log_collector_config.filename_prefix"
    for label, version in model.version_labels.items():
        if not label:
            yield f"{title}: the label of version {version} is empty"
        if version < 0:
            yield f"{title}: label {label!r} names version {version}, expected 0 or more"


def is_absolute(base_path: str) -> bool:
    """Whether this is an absolute path or a URI with a scheme."""
    return os.path.isabs(base_path) or _URI.match(base_path) is not None
