from __future__ import annotations

import pytest

from salver.config.flag_parser import Reading, parse_arguments, parse_environment, parse_toml


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (["--port=1"], {"port": 1}),
        (["--port", "1"], {"port": 1}),
        (["--rest-api-port=1"], {"rest_api_port": 1}),
        (["--rest_api-port", "1"], {"rest_api_port": 1}),
        (["--port=1", "--port=2"], {"port": 2}),
        (["--enable_batching"], {"enable_batching": True}),
        (["--enable_batching=true"], {"enable_batching": True}),
        (["--enable_batching=false"], {"enable_batching": False}),
        (["--enable_batching", "false"], {"enable_batching": False}),
        (["--enable_batching", "--port=1"], {"enable_batching": True, "port": 1}),
        (["--file_system_poll_wait_seconds", "-1"], {"file_system_poll_wait_seconds": -1}),
        (["--drain_timeout_seconds=2"], {"drain_timeout_seconds": 2.0}),
        (["--drain_timeout_seconds=0.5"], {"drain_timeout_seconds": 0.5}),
        (["--model_name="], {"model_name": ""}),
        (["--model_name=a=b"], {"model_name": "a=b"}),
        (["--log_format=json"], {"log_format": "json"}),
    ],
)
def test_reads_the_grammar(arguments, values):
    assert parse_arguments(arguments) == Reading(values, [])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--prot=1"], "unknown flag --prot; did you mean --port?"),
        (["--prot", "1"], "unknown flag --prot; did you mean --port?"),
        (["--zzzzzzz"], "unknown flag --zzzzzzz"),
        (["--model_name"], "--model_name needs a value"),
        (["--model_name", "--port=1"], "--model_name needs a value"),
        (["8500"], "unexpected argument '8500': flags look like --name=value"),
        (["-p"], "unexpected argument '-p': flags look like --name=value"),
        (["--"], "unexpected argument '--': flags look like --name=value"),
        (["--port=x"], "--port: expected a whole number, got 'x'"),
        (["--port="], "--port: expected a whole number, got ''"),
        (["--port=1.0"], "--port: expected a whole number, got '1.0'"),
        (["--port=8_500"], "--port: expected a whole number, got '8_500'"),
        (["--port= 1"], "--port: expected a whole number, got ' 1'"),
        (["--port=-1"], "--port: expected a number from 0 up to 65535, got -1"),
        (["--port=65536"], "--port: expected a number from 0 up to 65535, got 65536"),
        (["--drain_timeout_seconds=nan"], "--drain_timeout_seconds: expected a number from 0, got nan"),
        (["--drain_timeout_seconds=inf"], "--drain_timeout_seconds: expected a number from 0, got inf"),
        (["--enable_batching=1"], "--enable_batching: expected true or false, got '1'"),
        (["--enable_batching=TRUE"], "--enable_batching: expected true or false, got 'TRUE'"),
        (["--log_format=xml"], "--log_format: expected one of human, json, got 'xml'"),
    ],
)
def test_names_what_is_wrong(arguments, problem):
    assert problem in parse_arguments(arguments).problems


def test_gathers_all_problems_and_keeps_good_values():
    reading = parse_arguments(["--prot=1", "--model_name=m", "--port=x"])
    assert len(reading.problems) == 2
    assert reading.values == {"model_name": "m"}


def test_value_of_an_unknown_flag_is_no_second_problem():
    assert len(parse_arguments(["--prot", "8500"]).problems) == 1


def test_environment_sets_flags_by_their_names_in_capitals():
    reading = parse_environment({"SALVER_REST_API_PORT": "8501", "SALVER_ENABLE_BATCHING": "true", "PORT": "1"})
    assert reading == Reading({"rest_api_port": 8501, "enable_batching": True}, [], [])


def test_environment_problems_name_the_variable():
    assert parse_environment({"SALVER_PORT": "x"}).problems == [
        "environment variable SALVER_PORT: expected a whole number, got 'x'"
    ]


def test_service_variables_of_kubernetes_are_no_flags():
    reading = parse_environment(
        {
            "SALVER_PORT": "tcp://10.0.0.7:8500",
            "SALVER_PORT_8500_TCP": "tcp://10.0.0.7:8500",
            "SALVER_PORT_8500_TCP_ADDR": "10.0.0.7",
            "SALVER_SERVICE_HOST": "10.0.0.7",
            "SALVER_SERVICE_PORT": "8500",
            "SALVER_ADMIN_PORT": "tcp://10.0.0.8:8502",
            "SALVER_ADMIN_PORT_8502_TCP": "tcp://10.0.0.8:8502",
            "SALVER_ADMIN_SERVICE_HOST": "10.0.0.8",
        }
    )
    assert reading.values == {}
    assert reading.problems == []
    assert ["SALVER_ADMIN_PORT=" in reading.warnings[0], "SALVER_PORT=" in reading.warnings[1]] == [True, True]
    assert len(reading.warnings) == 2


def test_a_variable_of_another_command_is_none_of_the_servers():
    assert parse_environment({"SALVER_ADMIN_ADDRESS": "h:1"}) == Reading({}, [], [])


def test_mistyped_variable_is_a_warning():
    assert parse_environment({"SALVER_MODEL_NAMES": "m"}).warnings == [
        "environment variable SALVER_MODEL_NAMES sets no flag; did you mean SALVER_MODEL_NAME?"
    ]


def test_toml_keys_are_flag_names():
    text = "port = 1\nrest-api-port = 2\nenable_batching = true\ndrain_timeout_seconds = 3\nmodel_name = 'm'"
    values = {"port": 1, "rest_api_port": 2, "enable_batching": True, "drain_timeout_seconds": 3.0, "model_name": "m"}
    assert parse_toml(text) == Reading(values, [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("prot = 1", "unknown key prot; did you mean port?"),
        ("port = '1'", "port: expected int, got '1'"),
        ("port = true", "port: expected int, got True"),
        ("port = 1.5", "port: expected int, got 1.5"),
        ("port = 70000", "port: expected a number from 0 up to 65535, got 70000"),
        ("enable_batching = 1", "enable_batching: expected bool, got 1"),
        ("log_format = 'xml'", "log_format: expected one of human, json, got 'xml'"),
        ("[port]", "port: expected int, got {}"),
    ],
)
def test_toml_problems_name_the_key(text, problem):
    assert list(parse_toml(text).problems) == [problem]


def test_broken_toml_is_one_problem_with_its_place():
    (problem,) = parse_toml("port = 1\nhost 2\n").problems
    assert "line 2" in problem


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000, "0x" + "f" * 5000])
def test_toml_beyond_the_limits_of_python_is_a_problem(value):
    assert len(parse_toml(f"port = {value}").problems) == 1
