"""Every flag, of this server and of the reference, given once.

`reference_flags.json` lists what `tensorflow_model_server` has: name to type and default; a default in words depends on
the machine.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from salver.config import ServerConfig
from salver.config.flag import Effect
from salver.config.flags import FLAGS
from salver.config.reader import FlagsError, read_server_config, read_settings

OF_THE_PROGRAM = {"version"}
"""Looked for by the program before it reads flags."""
REFERENCE = {
    name: flag
    for name, flag in json.loads((Path(__file__).parents[2] / "data" / "reference_flags.json").read_text()).items()
    if name not in OF_THE_PROGRAM
}
KINDS = {"int32": int, "int64": int, "float": float, "string": str, "bool": bool}
OTHER_DEFAULTS = {"max_num_load_retries"}
"""A version that cannot be loaded is tried for ever, with growing pauses."""
READ_ELSEWHERE = {"config_file", "log_level"}
"""Honoured by the reader and by the logs, and no part of the configuration."""

FILES = {
    "model_config_file": "",
    "monitoring_config_file": "prometheus_config { enable: false }",
    "tensorflow_session_config_file": "allow_soft_placement: true",
    "batching_parameters_file": "max_batch_size { value: 8 }",
    "platform_config_file": """platform_configs { key: "p" value { source_adapter_config {
        [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] {} } } }""",
    "config_file": "port = 8600",
}
TEXTS = {
    "host": "::1",
    "aspired_version_policy": "resource_preserving",
    "log_format": "json",
    "log_level": "debug",
    "mixed_precision": "bfloat16",
    "warmup_dir": "/",
    "grpc_channel_arguments": "grpc.max_concurrent_streams=5",
    "otlp_endpoint": "http://collector:4318",
}
NEEDS = {
    "batching_parameters_file": ["--enable_batching"],
    "enable_per_model_batching_parameters": ["--enable_batching"],
    "batching_parameters_poll_wait_seconds": ["--enable_batching", "--enable_per_model_batching_parameters"],
    "monitoring_config_file": ["--rest_api_port=8601"],
    "model_config_file_poll_wait_seconds": ["--model_config_file=/dev/null"],
    "otlp_endpoint": ["--trace_sampling_ratio=0.25"],
}
for _name in ("timeout_in_ms", "enable_cors_support", "gzip_min_bytes", "ssl_config_file"):
    NEEDS[f"rest_api_{_name}"] = NEEDS["monitoring_config_file"]
NEEDS["rest_api_use_tls"] = [*NEEDS["monitoring_config_file"], "--ssl_config_file=/ssl"]
for _name in ("ssl_cert_file", "ssl_key_file", "ssl_client_ca_file"):
    NEEDS[_name] = ["--ssl_cert_file=/cert", "--ssl_key_file=/key"]


def value_for(name: str, folder: Path) -> str:
    """A value other than the default and, for a flag that is not honoured, other than what the server does."""
    flag = FLAGS[name]
    if name in FILES:
        (folder / name).write_text(FILES[name])
        return str(folder / name)
    if flag.kind is bool:
        usual = flag.default if flag.actual is None else flag.actual
        return str(not usual).lower()
    if flag.kind is int:
        return "77"
    return "0.5" if flag.kind is float else TEXTS.get(name, "/other")


def given_in(warnings: tuple[str, ...]) -> str:
    return "\n".join(warnings)


def read(*arguments: str) -> ServerConfig:
    return read_server_config(read_settings(["--model_base_path=/models/m", *arguments], {}))


@pytest.mark.parametrize("name", REFERENCE)
def test_flag_of_the_reference_has_its_type_and_default(name):
    kind, default = REFERENCE[name]
    assert FLAGS[name].kind is KINDS[kind]
    is_in_words = isinstance(default, str) and kind != "string"
    if name not in OTHER_DEFAULTS:
        assert FLAGS[name].default == (0 if is_in_words else default)


def test_flags_that_are_not_honoured_are_all_of_the_reference():
    own = FLAGS.keys() - REFERENCE.keys()
    assert {name for name in own if FLAGS[name].effect is not Effect.HONOURED} == set()


@pytest.mark.parametrize("name", [name for name, flag in FLAGS.items() if flag.effect is Effect.HONOURED])
def test_honoured_flag_changes_the_configuration_and_gets_no_warning(name, tmp_path):
    arguments = [*NEEDS.get(name, ()), f"--{name}={value_for(name, tmp_path)}"]
    settings = read_settings(arguments, {})
    assert f"--{name}" not in given_in(settings.warnings)
    if name not in READ_ELSEWHERE:
        assert read(*arguments) != read(*NEEDS.get(name, ()))


@pytest.mark.parametrize("name", [name for name, flag in FLAGS.items() if flag.effect is Effect.INERT])
def test_flag_without_effect_changes_nothing_and_gets_one_warning_with_the_reason(name, tmp_path):
    argument = f"--{name}={value_for(name, tmp_path)}"
    (warning,) = read_settings([argument], {}).warnings
    assert warning == f"flags without effect: --{name} ({FLAGS[name].help.rstrip('.')})"
    assert read(argument) == read()


@pytest.mark.parametrize("name", [name for name, flag in FLAGS.items() if flag.effect is Effect.REFUSED])
def test_flag_that_is_unsafe_to_ignore_stops_the_start(name, tmp_path):
    with pytest.raises(FlagsError, match=f"--{name}: "):
        read_settings([f"--{name}={value_for(name, tmp_path)}"], {})


def test_every_flag_of_the_reference_is_known_in_each_form():
    arguments = []
    for name in REFERENCE:
        default = FLAGS[name].default
        text = str(default).lower() if isinstance(default, bool) else str(default)
        arguments += [f"--{name}={text}", f"--{name.replace('_', '-')}", text]
    settings = read_settings(arguments, {})
    assert settings.values == {flag.name: flag.default for flag in FLAGS.values()}
