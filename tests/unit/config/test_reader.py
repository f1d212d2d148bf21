from __future__ import annotations

import pytest

from salver.boundary import BatchingPolicy
from salver.config import AspiredVersionPolicyName, LogFormat, ModelConfig, ServerConfig
from salver.config.reader import FlagsError, read_server_config, read_settings
from salver.errors import InvalidArgumentError, NotFoundError

BASE = "--model_base_path=/models/m"


def read(*arguments: str, environ: dict[str, str] | None = None) -> ServerConfig:
    return read_server_config(read_settings([BASE, *arguments], environ or {}))


def problems(*arguments: str) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        read_server_config(read_settings(arguments, {}))
    return caught.value.message


def test_flags_without_values_give_the_defaults_of_the_config():
    models = (ModelConfig(name="default", base_path="/models/m"),)
    # A program says whether it wants an admin listener; on the command line there is one.
    assert read() == ServerConfig(models=models, admin_port=8502, is_admin_port_optional=True)


def test_file_gives_way_to_environment_and_environment_to_flags(tmp_path):
    file = tmp_path / "salver.toml"
    file.write_text("port = 1\nrest_api_port = 1\nnum_runners = 1\n")
    environ = {"SALVER_REST_API_PORT": "2", "SALVER_NUM_RUNNERS": "2", "SALVER_CONFIG_FILE": str(file)}
    config = read("--num_runners=3", environ=environ)
    assert (config.grpc_port, config.rest_port, config.num_runners) == (1, 2, 3)


def test_units_are_seconds_and_absence_is_none():
    config = read("--rest_api_timeout_in_ms=0", "--load_retry_interval_micros=-5", "--port=0", "--rest_api_port=1")
    assert (config.rest_timeout_s, config.load_retry_interval_s, config.grpc_port) == (None, 0, None)
    assert read("--rest_api_timeout_in_ms=1500").rest_timeout_s == 1.5
    assert read("--load_retry_interval_micros=2500000").load_retry_interval_s == 2.5


def test_session_parallelism_sets_both_thread_counts():
    config = read("--tensorflow_session_parallelism=3")
    assert (config.tensorflow_intra_op_threads, config.tensorflow_inter_op_threads) == (3, 3)


def test_one_specific_parallelism_overrides_the_common_one():
    config = read("--tensorflow_session_parallelism=3", "--tensorflow_intra_op_parallelism=2")
    assert (config.tensorflow_intra_op_threads, config.tensorflow_inter_op_threads) == (2, None)


def test_all_three_parallelisms_contradict_each_other():
    flags = [f"--tensorflow_{part}_parallelism=1" for part in ("session", "intra_op", "inter_op")]
    assert "not all three" in problems(BASE, *flags)


def test_choices_become_enums_and_tags_a_tuple():
    config = read("--aspired_version_policy=resource_preserving", "--log_format=json", "--saved_model_tags=serve, gpu")
    assert config.aspired_version_policy is AspiredVersionPolicyName.RESOURCE_PRESERVING
    assert config.log_format is LogFormat.JSON
    assert config.saved_model_tags == ("serve", "gpu")


def test_nothing_to_serve_is_an_error():
    assert "nothing to serve" in problems()


def test_one_port_for_both_protocols_is_an_error():
    assert "cannot share port 8500" in problems(BASE, "--rest_api_port=8500")


def test_admin_port_that_is_given_must_be_had(tmp_path):
    file = tmp_path / "salver.toml"
    file.write_text("admin_port = 8502\n")
    for config in (read("--admin_port=8502"), read(f"--config_file={file}")):
        assert (config.admin_port, config.is_admin_port_optional) == (8502, False)


def test_admin_port_zero_opens_none():
    assert read("--admin_port=0").admin_port is None


@pytest.mark.parametrize(("flag", "owner"), [("--port=9", "gRPC"), ("--rest_api_port=9", "REST")])
def test_admin_port_of_its_own_is_an_error_where_another_has_it(flag, owner):
    assert f"{owner} and the admin listener cannot share port 9" in problems(BASE, flag, "--admin_port=9")


def test_default_admin_port_gives_way():
    assert read("--rest_api_port=8502").rest_port == 8502


def test_no_port_at_all_is_an_error():
    assert "nothing to listen on" in problems(BASE, "--port=0")


def test_relative_base_path_is_an_error():
    assert "absolute path or a URI, got 'models/m'" in problems("--model_base_path=models/m")


def test_uri_is_a_base_path():
    config = read_server_config(read_settings(["--model_base_path=gs://bucket/m"], {}))
    assert config.models[0].base_path == "gs://bucket/m"


def test_batching_parameters_without_batching_is_an_error():
    assert "--batching_parameters_file" in problems(BASE, "--batching_parameters_file=/x")


@pytest.mark.parametrize(("flags", "num_warnings"), [([], 0), (["--enable_per_model_batching_parameters"], 1)])
def test_batching_parameters_of_the_server_are_read_and_what_is_in_vain_is_told(tmp_path, caplog, flags, num_warnings):
    file = tmp_path / "batching.pbtxt"
    file.write_text("num_batch_threads { value: 3 } weight: 2")
    flags = [*flags, "--enable_batching", f"--batching_parameters_file={file}"]
    config = read("--batching_parameters_poll_wait_seconds=0", *flags)
    assert (config.batching_parameters_file, config.batching_parameters_poll_wait_s) == (str(file), None)
    assert (config.batching.policy, config.batching.num_batch_threads) == (BatchingPolicy(weight=2), 3)
    assert sum("weight without effect" in line for line in caplog.messages) == num_warnings


def test_all_contradictions_are_said_at_once():
    text = problems("--port=0", "--saved_model_tags=,")
    assert "nothing to serve" in text
    assert "nothing to listen on" in text
    assert "saved_model_tags" in text


def test_all_problems_of_all_places_are_said_at_once(tmp_path):
    file = tmp_path / "salver.toml"
    file.write_text("prot = 1")
    with pytest.raises(FlagsError) as caught:
        read_settings([f"--config_file={file}", "--zzzzzz=1"], {"SALVER_PORT": "x"})
    assert len(caught.value.problems) == 3
    assert f"{file}: unknown key prot; did you mean port?" in caught.value.problems


def test_missing_config_file_is_a_problem_of_the_flags():
    with pytest.raises(FlagsError, match="config_file"):
        read_settings(["--config_file=/nowhere.toml"], {})


def test_monitoring_config_file_says_whether_and_where_the_metrics_page_is(tmp_path):
    file = tmp_path / "monitoring.config"
    file.write_text('prometheus_config { enable: true path: "/metrics/prom" }')
    config = read(f"--monitoring_config_file={file}")
    assert (config.metrics_enabled, config.metrics_path) == (True, "/metrics/prom")
    file.write_text("prometheus_config { enable: true }")
    assert read(f"--monitoring_config_file={file}").metrics_path == "/monitoring/prometheus/metrics"
    file.write_text("")
    assert not read(f"--monitoring_config_file={file}").metrics_enabled


def test_metrics_path_without_a_slash_is_an_error(tmp_path):
    file = tmp_path / "monitoring.config"
    file.write_text('prometheus_config { enable: true path: "prom" }')
    assert "must begin with a slash, got 'prom'" in problems(BASE, f"--monitoring_config_file={file}")


def test_problems_of_several_files_are_said_at_once():
    text = problems("--model_config_file=/no/models", "--monitoring_config_file=/no/monitoring")
    assert "there is no model config file /no/models" in text
    assert "there is no monitoring config file /no/monitoring" in text


def test_missing_model_config_file_is_not_found():
    with pytest.raises(NotFoundError, match="nowhere"):
        read_server_config(read_settings(["--model_config_file=/nowhere"], {}))


def test_model_config_file_overrides_name_and_base_path(tmp_path):
    file = tmp_path / "models.config"
    file.write_text('model_config_list { config { name: "a" base_path: "/a" model_platform: "tensorflow" } }')
    assert [model.name for model in read(f"--model_config_file={file}").models] == ["a"]


def test_flags_without_effect_get_one_warning_that_names_them_all():
    settings = read_settings([BASE, "--grpc_max_threads=4", "--enable_profiler"], {})
    (warning,) = settings.warnings
    assert "--grpc_max_threads" in warning
    assert "--enable_profiler" in warning


def test_flag_that_asks_for_what_is_done_anyway_gets_no_warning():
    arguments = ["--enable_profiler=false", "--enable_grpc_healthcheck_service", "--ssl_config_file="]
    assert read_settings([BASE, *arguments], {}).warnings == ()


@pytest.mark.parametrize("flag", ["--use_alts_credentials"])
def test_unencrypted_start_in_place_of_an_encrypted_one_is_refused(flag):
    with pytest.raises(FlagsError, match="unsafe"):
        read_settings([BASE, flag], {})
