import pytest

from salver import wire
from salver.errors import InvalidArgumentError

CONFIG = "tensorflow.serving.ModelServerConfig"


def failure(text, name=CONFIG, source="models.config"):
    with pytest.raises(InvalidArgumentError) as caught:
        wire.parse_text(text, name, source=source)
    return caught.value.message


def test_reads_a_model_config_file():
    config = wire.parse_text(
        """
        model_config_list {
          config { name: "a" base_path: "/m/a" model_platform: "tensorflow"
                   model_version_policy { specific { versions: [1, 3] } }
                   version_labels { key: "stable" value: 1 } }
        }""",
        CONFIG,
    )
    (model,) = config.model_config_list.config
    assert (model.name, list(model.model_version_policy.specific.versions)) == ("a", [1, 3])
    assert dict(model.version_labels) == {"stable": 1}


def test_an_any_is_expanded_within_the_private_pool():
    text = """platform_configs { key: "tensorflow" value { source_adapter_config {
        [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] {
          legacy_config { batching_parameters { max_batch_size { value: 16 } } } } } } }"""
    platforms = wire.parse_text(text, "tensorflow.serving.PlatformConfigMap")
    packed = platforms.platform_configs["tensorflow"].source_adapter_config
    adapter = wire.SavedModelBundleSourceAdapterConfig.FromString(packed.value)
    assert adapter.legacy_config.batching_parameters.max_batch_size.value == 16
    assert "SavedModelBundleSourceAdapterConfig] {" in wire.format_text(platforms)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'model_config_list {\n  config { name: "a" basepath: "b" }\n}',
            'models.config:2:22: Message type "tensorflow.serving.ModelConfig" has no field named "basepath"; did you',
        ),
        ("modelConfigList {}", 'did you mean "model_config_list"?'),
        ("xyzzy: 1", "known: custom_model_config, model_config_list"),
        ("model_config_list { config { model_type: TENSORFLO } }", 'did you mean "TENSORFLOW"?'),
        ("model_config_list {", 'models.config:1:19: Expected "}"'),
        ('model_config_list { config { name: "a" name: "b" } }', 'should not have multiple "name" fields'),
        ("model_config_list { config { name: 5 } }", "models.config:1:36: Expected string but found: '5'"),
        ("custom_model_config { [type.googleapis.com/no.Such] {} }", "no.Such"),
        ("model_config_list { config { model_type: 4294967296 } }", "Value out of range: 4294967296"),
        ("custom_model_config {" + "[type.googleapis.com/google.protobuf.Any] {" * 5000, "recursion depth"),
    ],
)
def test_an_error_names_message_place_and_remedy(text, said):
    message = failure(text)
    assert message.startswith(f"Error parsing text-format {CONFIG}: models.config")
    assert said in message


def test_an_error_does_not_quote_the_line():
    message = failure('server_key: "secret" server_cert: 5', "tensorflow.serving.SSLConfig", "tls.config")
    assert "secret" not in message
    assert "tls.config:1:" in message


def test_every_file_that_a_flag_accepts_can_be_read():
    session = "gpu_options { allow_growth: true } graph_options { rewrite_options { remapping: OFF } }"
    cases = {
        "tensorflow.serving.BatchingParameters": "max_batch_size { value: 8 } allowed_batch_sizes: 8",
        "tensorflow.serving.MonitoringConfig": 'prometheus_config { enable: true path: "/metrics" }',
        "tensorflow.serving.SSLConfig": 'server_key: "k" server_cert: "c" client_verify: true',
        "tensorflow.serving.ThreadPoolFactoryConfig": "",
        "tensorflow.ConfigProto": session,
    }
    for name, text in cases.items():
        wire.parse_text(text, name)
