import pytest

from salver.boundary import BatchingPolicy
from salver.config import ServerConfig
from salver.config.reader import read_server_config, read_settings
from salver.errors import InvalidArgumentError
from salver.wire import ConfigProto

EXPECTED = "tensorflow.serving.SavedModelBundleSourceAdapterConfig"
ADAPTER = f"type.googleapis.com/{EXPECTED}"


def adapter(text: str, name: str = "t") -> str:
    return f'platform_configs {{ key: "{name}" value {{ source_adapter_config {{ {text} }} }} }}'


def platform(legacy: str, name: str = "tensorflow") -> str:
    return adapter(f"[{ADAPTER}] {{ legacy_config {{ {legacy} }} }}", name)


@pytest.fixture
def read(tmp_path):
    def read(text: str, *flags: str) -> ServerConfig:
        file = tmp_path / "platforms.pbtxt"
        file.write_text(text)
        arguments = ["--model_base_path=/m", f"--platform_config_file={file}", *flags]
        return read_server_config(read_settings(arguments, {}))

    return read


def test_without_the_file_there_are_no_platforms_of_their_own():
    assert read_server_config(read_settings(["--model_base_path=/m"], {})).tensorflow_platforms is None


def test_all_settings_are_read(read):
    config = read(
        platform(
            """
            saved_model_tags: "serve" saved_model_tags: "gpu"
            session_config { intra_op_parallelism_threads: 8 allow_soft_placement: true }
            batching_parameters { max_batch_size { value: 32 } }
            enable_per_model_batching_params: true
            enable_model_warmup: true
            model_warmup_options { num_request_iterations { value: 3 } num_model_warmup_threads { value: 2 } }
            prefer_tflite_model: true num_tflite_pools: 4 num_tflite_interpreters_per_pool: 2
            mixed_precision: "bfloat16"
            remove_unused_fields_from_bundle_metagraph: true
            """
        )
    )
    found = config.tensorflow_platforms["tensorflow"]
    assert found.saved_model_tags == ("serve", "gpu")
    assert found.tensorflow_intra_op_threads == 8
    session = ConfigProto.FromString(found.tensorflow_session_config)
    assert session.allow_soft_placement
    assert session.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 == 1
    assert (found.enable_batching, found.enable_per_model_batching) == (True, True)
    assert found.batching.policy == BatchingPolicy(is_adaptive=False, max_batch_size=32)
    assert (found.enable_model_warmup, found.num_warmup_iterations, found.num_warmup_threads) == (True, 3, 2)
    assert (found.prefer_tflite, found.num_tflite_pools, found.num_tflite_interpreters_per_pool) == (True, 4, 2)


def test_defaults_are_those_of_the_message_and_not_of_the_flags(read):
    flags = ("--enable_batching", "--saved_model_tags=gpu", "--prefer_tflite_model", "--mixed_precision=bfloat16")
    found = read(platform(""), *flags).tensorflow_platforms["tensorflow"]
    assert not found.enable_batching
    assert not found.enable_model_warmup
    assert not found.prefer_tflite
    assert found.saved_model_tags == ("serve",)
    assert found.tensorflow_session_config == b""


def test_several_platforms_are_told_apart(read):
    config = read(platform("", "one") + platform('saved_model_tags: "gpu"', "two"))
    tags = {name: found.saved_model_tags for name, found in config.tensorflow_platforms.items()}
    assert tags == {"one": ("serve",), "two": ("gpu",)}


def test_flags_that_the_file_replaces_get_one_warning(tmp_path):
    settings = read_settings(
        [
            "--platform_config_file=/f",
            "--model_base_path=/m",
            "--saved_model_tags=gpu",
            "--enable_batching",
            "--port=1",
        ],
        {},
    )
    (warning,) = settings.warnings
    assert "--enable_batching (--platform_config_file says it for its platforms)" in warning
    assert "--saved_model_tags" in warning
    assert "--port" not in warning


def test_batching_file_without_batching_is_no_error_with_platforms(read):
    assert read(platform(""), "--batching_parameters_file=/none").tensorflow_platforms


def test_settings_without_effect_get_one_warning(read, caplog):
    read(platform('session_target: "grpc://x" enable_session_metadata: true num_tflite_interpreters: 3'))
    (line,) = caplog.messages
    for name in ("session_target", "enable_session_metadata", "num_tflite_interpreters"):
        assert name in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "there are no platform_configs"),
        (platform("enable_saved_model_config: true"), "enable_saved_model_config is set, but"),
        (platform('experimental_fixed_input_tensors { name: "x" }'), "inputs cannot be fixed"),
        (platform("batching_parameters { max_batch_size {} }"), "batching_parameters: max_batch_size must be 1"),
        ('platform_configs { key: "t" value {} }', "platform t: source_adapter_config is a (nothing), expected a"),
        (
            adapter("[type.googleapis.com/tensorflow.serving.HashmapSourceAdapterConfig] { format: SIMPLE_CSV }"),
            f"is a tensorflow.serving.HashmapSourceAdapterConfig, expected a {EXPECTED}",
        ),
        (
            adapter("[type.googleapis.com/tensorflow.serving.TfrtSavedModelSourceAdapterConfig] {}"),
            f"is a tensorflow.serving.TfrtSavedModelSourceAdapterConfig, expected a {EXPECTED}",
        ),
        (adapter(f'type_url: "{ADAPTER}" value: "\\377"'), f"platform t: source_adapter_config is no {EXPECTED}"),
        ("platforms {}", "Error parsing text-format tensorflow.serving.PlatformConfigMap"),
    ],
)
def test_wrong_files_are_errors_that_name_the_platform(read, text, expected):
    with pytest.raises(InvalidArgumentError) as caught:
        read(text)
    assert expected in caught.value.message
    assert "platforms.pbtxt" in caught.value.message


def test_problems_of_all_platforms_are_said_at_once(read):
    bad = "enable_saved_model_config: true"
    with pytest.raises(InvalidArgumentError, match=r"(?s)platform one.*platform two"):
        read(platform(bad, "one") + platform(bad, "two"))
