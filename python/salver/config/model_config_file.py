"""The model config file: a ModelServerConfig in text format becomes `ModelConfig` values.

The message is the wire's, so a reload request goes through the same function as a file. Every problem of a message is
found before one error is raised for all of them, each with the model's name, or with its place where only the message
shows it (`config[1] ranker: ...`; counting from 0).
"""

from __future__ import annotations

from collections.abc import Iterator

from salver.config.server_config import ModelConfig, RequestLoggingConfig, TaskSamplingRate
from salver.config.text_file import read_text
from salver.config.validation import check, problems_of_models
from salver.errors import InvalidArgumentError
from salver.sources.version_policy import All, Latest, Specific, VersionPolicy
from salver.wire import Message, ModelServerConfig, parse_text

MODEL_SERVER_CONFIG = "tensorflow.serving.ModelServerConfig"
TENSORFLOW = "tensorflow"
_NO_TYPE, _TENSORFLOW_TYPE = 0, 1
"""Numbers of the deprecated enum ModelType."""


def read_model_config_file(path: str) -> tuple[ModelConfig, ...]:
    """Read the models to serve from a file; an empty file is a server without models.

    Raises:
        NotFoundError: There is no such file.
        FailedPreconditionError: It cannot be read.
        InvalidArgumentError: It is no such message, or the models in it are wrong; names all problems.
    """
    return parse_models(read_text(path, MODEL_SERVER_CONFIG, what="model config file"), path) or ()


def parse_models(text: str, source: str) -> tuple[ModelConfig, ...] | None:
    """Read the models from the text of such a file; None if it has no list, not even an empty one.

    Raises:
        InvalidArgumentError: It is no such message, or the models in it are wrong; names `source` and all problems.
    """
    message = parse_text(text, MODEL_SERVER_CONFIG, source=source)
    try:
        models = models_of(message)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{source}: {error.message}") from None
    return models if message.WhichOneof("config") else None


def models_of(message: Message) -> tuple[ModelConfig, ...]:
    """Turn a ModelServerConfig message into the models it lists, in its order.

    Raises:
        InvalidArgumentError: Names all problems.
    """
    if message.WhichOneof("config") == "custom_model_config":
        raise InvalidArgumentError("custom_model_config is not supported; list the models in model_config_list")
    models, problems = [], []
    for index, entry in enumerate(message.model_config_list.config):
        place = f"config[{index}] {entry.name or '(no name)'}"
        problems += [f"{place}: {problem}" for problem in _problems(entry)]
        models.append(_model(entry))
    check([*problems, *problems_of_models(models)])
    return tuple(models)


def message_of(models: tuple[ModelConfig, ...]) -> Message:
    """Turn models back into a ModelServerConfig message: what `models_of` reads."""
    message = ModelServerConfig()
    message.model_config_list.SetInParent()
    for model in models:
        entry = message.model_config_list.config.add(
            name=model.name,
            base_path=model.base_path,
            model_platform=model.platform,
            version_labels=dict(model.version_labels),
        )
        _write_policy(entry.model_version_policy, model.version_policy)
        if model.request_logging is not None:
            _write_logging(entry.logging_config, model.request_logging)
    return message


def _problems(entry: Message) -> Iterator[str]:
    """What only the message shows; the rest is checked on the values."""
    if entry.model_type and entry.model_platform:
        yield "model_type (deprecated) and model_platform are both set; set model_platform alone"
    elif not entry.model_type and not entry.model_platform:
        yield f'neither model_platform nor model_type is set; expected for example model_platform: "{TENSORFLOW}"'
    elif entry.model_type not in (_NO_TYPE, _TENSORFLOW_TYPE):
        yield f"model_type {entry.model_type} is not supported; set model_platform"
    if entry.HasField("logging_config"):
        yield from _logging_problems(entry.logging_config)
    policy = entry.model_version_policy
    if policy.WhichOneof("policy_choice") == "specific":
        yield from (f"version {version} is below 0" for version in policy.specific.versions if version < 0)


def _logging_problems(message: Message) -> Iterator[str]:
    if message.HasField("custom_logging_config"):
        yield "logging_config.custom_logging_config is not supported"
    sampling = message.sampling_config
    for rate in (sampling.sampling_rate, *(task.sampling_rate for task in sampling.per_task_sampling_configs)):
        if not 0 <= rate <= 1:
            yield f"logging_config: sampling_rate must be from 0 to 1, got {rate:g}"


def _model(entry: Message) -> ModelConfig:
    return ModelConfig(
        name=entry.name,
        base_path=entry.base_path,
        platform=entry.model_platform or TENSORFLOW,
        version_policy=_policy(entry.model_version_policy),
        version_labels=dict(entry.version_labels),
        request_logging=_logging(entry.logging_config) if entry.HasField("logging_config") else None,
    )


def _logging(message: Message) -> RequestLoggingConfig:
    sampling = message.sampling_config
    return RequestLoggingConfig(
        collector_type=message.log_collector_config.type,
        filename_prefix=message.log_collector_config.filename_prefix,
        sampling_rate=sampling.sampling_rate,
        sampling_attributes=sampling.attributes,
        task_rates=tuple(_task_rate(task) for task in sampling.per_task_sampling_configs),
    )


def _task_rate(message: Message) -> TaskSamplingRate:
    task_index = message.task_index if message.HasField("task_index") else None
    return TaskSamplingRate(sampling_rate=message.sampling_rate, dc=message.dc, task_index=task_index)


def _policy(message: Message) -> VersionPolicy:
    match message.WhichOneof("policy_choice"):
        case "all":
            return All()
        case "specific":
            return Specific(tuple(dict.fromkeys(message.specific.versions)))
        case "latest":
            return Latest(max(message.latest.num_versions, 1))
        case _:
            return Latest()


def _write_policy(message: Message, policy: VersionPolicy) -> None:
    match policy:
        case All():
            message.all.SetInParent()
        case Latest(num_versions):
            message.latest.num_versions = num_versions
        case Specific(versions):
            message.specific.SetInParent()
            message.specific.versions.extend(versions)


def _write_logging(message: Message, logging: RequestLoggingConfig) -> None:
    message.log_collector_config.type = logging.collector_type
    message.log_collector_config.filename_prefix = logging.filename_prefix
    message.sampling_config.sampling_rate = logging.sampling_rate
    message.sampling_config.attributes = logging.sampling_attributes
    for task in logging.task_rates:
        message.sampling_config.per_task_sampling_configs.add(
            dc=task.dc, task_index=task.task_index, sampling_rate=task.sampling_rate
        )
