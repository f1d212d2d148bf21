from __future__ import annotations

from dataclasses import replace

import pytest

from salver.config import ModelConfig, RequestLoggingConfig, TaskSamplingRate
from salver.config.model_config_file import message_of, models_of, read_model_config_file
from salver.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from salver.sources.version_policy import All, Latest, Specific
from salver.wire import ModelServerConfig, parse_text


def models(text: str) -> tuple[ModelConfig, ...]:
    return models_of(parse_text(text, "tensorflow.serving.ModelServerConfig"))


def one(fields: str) -> ModelConfig:
    (model,) = models(
        f'model_config_list {{ config {{ name: "m" base_path: "/m" model_platform: "tensorflow" {fields} }} }}'
    )
    return model


def problem(entry: str) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        models(f"model_config_list {{ {entry} }}")
    return caught.value.message


def test_reads_models_in_their_order(tmp_path):
    file = tmp_path / "models.config"
    file.write_text(
        """
        model_config_list {
          config {
            name: "translator"
            base_path: "/srv/translator"
            model_platform: "tensorflow"
            model_version_policy { specific { versions: 7 versions: 9 } }
            version_labels { key: "stable" value: 7 }
            version_labels { key: "next" value: 9 }
          }
          config { name: "ranker" base_path: "gs://bucket/ranker" model_platform: "other" }
        }
        """
    )
    assert read_model_config_file(str(file)) == (
        ModelConfig(
            name="translator",
            base_path="/srv/translator",
            version_policy=Specific((7, 9)),
            version_labels={"stable": 7, "next": 9},
        ),
        ModelConfig(name="ranker", base_path="gs://bucket/ranker", platform="other"),
    )


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("", Latest(1)),
        ("model_version_policy {}", Latest(1)),
        ("model_version_policy { latest {} }", Latest(1)),
        ("model_version_policy { latest { num_versions: 0 } }", Latest(1)),
        ("model_version_policy { latest { num_versions: 3 } }", Latest(3)),
        ("model_version_policy { all {} }", All()),
        ("model_version_policy { specific { versions: [4, 2, 4] } }", Specific((4, 2))),
        ("model_version_policy { specific {} }", Specific(())),
    ],
)
def test_version_policies(text, policy):
    assert one(text).version_policy == policy


@pytest.mark.parametrize("text", ["", "model_config_list {}"])
def test_no_models_is_legal(text):
    assert models(text) == ()


def test_deprecated_model_type_still_means_tensorflow():
    (model,) = models('model_config_list { config { name: "m" base_path: "/m" model_type: TENSORFLOW } }')
    assert model.platform == "tensorflow"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('base_path: "/m"', "neither model_platform nor model_type"),
        ('base_path: "/m" model_type: TENSORFLOW model_platform: "tensorflow"', "are both set"),
        ('base_path: "/m" model_type: OTHER', "model_type 2 is not supported"),
        ('base_path: "m" model_platform: "tensorflow"', "must be an absolute path or a URI, got 'm'"),
        ('model_platform: "tensorflow"', "must be an absolute path or a URI, got ''"),
        ('base_path: "/m" model_platform: "tensorflow" logging_config {}', "no log_collector_config.filename_prefix"),
        (
            'base_path: "/m" model_platform: "tensorflow" model_version_policy { specific { versions: -1 } }',
            "version -1 is below 0",
        ),
        (
            'base_path: "/m" model_platform: "tensorflow" version_labels { key: "a" value: -1 }',
            "label 'a' names version -1",
        ),
    ],
)
def test_names_what_is_wrong_with_a_model(fields, expected):
    text = problem(f'config {{ name: "m" {fields} }}')
    assert expected in text
    assert "m:" in text


LOGGING = """
    logging_config {
      log_collector_config { type: "file" filename_prefix: "/var/log/m" }
      sampling_config {
        sampling_rate: 0.25 attributes: 3
        per_task_sampling_configs { dc: "eu" sampling_rate: 0.5 }
        per_task_sampling_configs { task_index: 0 sampling_rate: 1 }
      }
    }"""


def test_reads_request_logging():
    assert one(LOGGING).request_logging == RequestLoggingConfig(
        collector_type="file",
        filename_prefix="/var/log/m",
        sampling_rate=0.25,
        sampling_attributes=3,
        task_rates=(TaskSamplingRate(sampling_rate=0.5, dc="eu"), TaskSamplingRate(sampling_rate=1, task_index=0)),
    )


@pytest.mark.parametrize("rate", ["1.5", "-0.1", "nan"])
def test_sampling_rate_is_a_probability(rate):
    text = LOGGING.replace("sampling_rate: 0.5", f"sampling_rate: {rate}")
    with pytest.raises(InvalidArgumentError, match=f"sampling_rate must be from 0 to 1, got {rate}"):
        one(text)


def test_custom_logging_is_an_error():
    with pytest.raises(InvalidArgumentError, match="custom_logging_config is not supported"):
        one('logging_config { log_collector_config { type: "f" } custom_logging_config {} }')


def test_repeated_and_missing_names_are_wrong():
    entry = 'base_path: "/m" model_platform: "tensorflow"'
    text = problem(f'config {{ name: "m" {entry} }} config {{ name: "m" {entry} }} config {{ {entry} }}')
    assert "model m is listed 2 times" in text
    assert "has no name" in text


def test_all_problems_are_said_at_once_with_their_places():
    text = problem('config { name: "a" base_path: "/a" } config { name: "b" base_path: "b" model_type: OTHER }')
    assert "config[0] a: neither" in text
    assert "config[1] b: model_type" in text
    assert "model b: base_path" in text


def test_custom_config_is_not_supported():
    with pytest.raises(InvalidArgumentError, match="custom_model_config"):
        models("custom_model_config {}")


def test_bad_text_keeps_the_message_that_operators_match(tmp_path):
    file = tmp_path / "models.config"
    file.write_text('model_config_list { config { nam: "m" } }')
    with pytest.raises(InvalidArgumentError) as caught:
        read_model_config_file(str(file))
    assert caught.value.message.startswith("Error parsing text-format tensorflow.serving.ModelServerConfig")
    assert 'did you mean "name"?' in caught.value.message


def test_file_that_is_not_text_is_a_parse_error(tmp_path):
    file = tmp_path / "models.config"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidArgumentError, match=r"Error parsing text-format.*not UTF-8"):
        read_model_config_file(str(file))


def test_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFoundError):
        read_model_config_file(str(tmp_path / "none"))


def test_folder_in_place_of_a_file_cannot_be_read(tmp_path):
    with pytest.raises(FailedPreconditionError, match="cannot read"):
        read_model_config_file(str(tmp_path))


def test_errors_in_a_file_name_the_file(tmp_path):
    file = tmp_path / "models.config"
    file.write_text('model_config_list { config { name: "m" base_path: "/m" } }')
    with pytest.raises(InvalidArgumentError, match=r"models\.config: config\[0\] m"):
        read_model_config_file(str(file))


def test_models_survive_the_way_to_a_message_and_back():
    given = (
        ModelConfig(name="a", base_path="/a", version_policy=Latest(2), version_labels={"x": 1}),
        ModelConfig(name="b", base_path="/b", version_policy=All(), platform="p"),
        ModelConfig(name="c", base_path="/c", version_policy=Specific((3,))),
    )
    given = (*given, replace(one(LOGGING), name="logged"))
    assert models_of(message_of(given)) == given
    assert message_of(()) == ModelServerConfig(model_config_list={})
