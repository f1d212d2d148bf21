"""Configuration of any content is read or refused with an error of ours, whatever it is."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from salver.config.flag_parser import parse_arguments, parse_environment, parse_toml
from salver.config.flags import FLAGS
from salver.config.model_config_file import MODEL_SERVER_CONFIG, message_of, models_of
from salver.config.reader import Settings, read_server_config
from salver.config.server_config import ModelConfig
from salver.errors import SalverError
from salver.sources.version_policy import All, Latest, Specific
from salver.wire import parse_text
from salver.wire.text import format_text

FILES = frozenset(name for name in FLAGS if name.endswith("_file"))
"""Flags that name files, which would be opened."""

names = st.sampled_from(sorted(FLAGS)) | st.text(max_size=20)
values = st.sampled_from(["", "true", "false", "0", "-1", "1.5", "nan", "1e400", "9" * 5000]) | st.text(max_size=20)
arguments = st.lists(st.one_of(st.builds("--{}={}".format, names, values), st.builds("--{}".format, names), values))

fields = st.sampled_from(
    ["model_config_list", "config", "name", "base_path", "model_version_policy", "specific", "all"]
)
scalars = st.sampled_from(['"a"', "1", "-1", "9" * 30, "TENSORFLOW", "nan", "'\\xff'", "0x", "[1, 2]", "[]"])
members = st.recursive(
    st.builds("{}: {}".format, fields, scalars),
    lambda inner: st.builds("{} {{ {} }}".format, fields, st.lists(inner, max_size=3).map(" ".join)),
)
models = st.builds(
    ModelConfig,
    name=st.text(min_size=1, max_size=8),
    base_path=st.text(max_size=8).map("/m/{}".format),
    platform=st.sampled_from(["tensorflow", "x"]),
    version_policy=st.one_of(
        st.just(All()),
        st.builds(Latest, st.integers(1, 2**31)),
        st.builds(Specific, st.lists(st.integers(0, 2**62), unique=True, min_size=1).map(tuple)),
    ),
    version_labels=st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 2**62)),
)


def configure(given_values):
    kept = {name: value for name, value in given_values.items() if name not in FILES}
    defaults = {flag.name: flag.default for flag in FLAGS.values()}
    try:
        read_server_config(Settings({**defaults, **kept}))
    except SalverError as error:
        return error.message
    return None


@given(arguments)
def test_any_command_line_gives_a_configuration_or_problems(line):
    reading = parse_arguments(line)
    assert all(isinstance(value, FLAGS[name].kind) for name, value in reading.values.items())
    assert configure(reading.values) != ""


@given(st.dictionaries(st.sampled_from(sorted(flag.variable for flag in FLAGS.values())) | st.text(), values))
def test_any_environment_gives_a_configuration_or_problems(environ):
    assert configure(parse_environment(environ).values) != ""


@given(st.lists(st.builds("{} = {}".format, names, values | scalars)).map("\n".join) | st.text())
def test_any_toml_gives_a_configuration_or_problems(document):
    assert configure(parse_toml(document).values) != ""


@given(st.lists(members, max_size=3).map(" ".join) | st.text())
def test_any_model_config_gives_models_or_an_error_of_ours(text):
    with contextlib.suppress(SalverError):
        assert isinstance(models_of(parse_text(text, MODEL_SERVER_CONFIG)), tuple)


@given(st.lists(models, max_size=3, unique_by=lambda model: model.name).map(tuple))
def test_models_survive_being_written_as_text(configured):
    assert models_of(parse_text(format_text(message_of(configured)), MODEL_SERVER_CONFIG)) == configured
