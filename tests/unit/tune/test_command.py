import json

import pytest
from click.testing import CliRunner

from salver.errors import InvalidArgumentError
from salver.tune import command
from salver.tune.trials import Trials
from tests.unit.tune.conftest import World


@pytest.fixture
def asked(monkeypatch, profile):
    """The requests that a server gets, which answers with a profile; settings do equally well."""
    requests = []

    def ask(client, model, wanted):
        requests.append((model, wanted))
        if model == "refused":
            raise InvalidArgumentError("the model refuses")
        return profile

    world = World(lambda _: 0.02)
    monkeypatch.setattr(command, "ask_for_profile", ask)
    monkeypatch.setattr(
        command,
        "_advice",
        lambda found, goal: command.advise(found, Trials(found, world.simulate, world.capacity), goal),
    )
    return requests


def run(*arguments):
    return CliRunner().invoke(command.tune, arguments)


def test_options_are_what_is_asked_for(asked):
    result = run("ranker", "--max-batch-size", "8", "--signature", "rank", "--version", "3", "--duration", "2")
    assert result.exit_code == 0, result.output
    wanted = {"version": 3, "signature": "rank", "max_batch_size": 8, "length": None, "limit_s": 2.0, "inputs": {}}
    assert asked == [("ranker", wanted)]


def test_table_advice_and_file_are_printed_and_the_file_written(asked, tmp_path):
    output = tmp_path / "advice.pbtxt"
    result = run("ranker", "--target-p99-ms", "25", "--output", str(output))
    assert "ranker version 3  rank" in result.output
    assert result.output.endswith(output.read_text())
    assert output.read_text() == (
        "# Advised by salver tune for ranker version 3: adaptive.\n"
        'model {\n  name: "ranker"\n  parameters {\n    adaptive: true\n    max_batch_size { value: 4 }\n'
        "    latency_slo_ms: 25\n  }\n}\n"
    )


def test_json_has_profile_advice_and_file(asked):
    document = json.loads(run("ranker", "--json", "--concurrency", "8").output)
    assert document["profile"]["model"] == "ranker"
    assert document["advice"]["comparisons"][0]["load"] == {"requests_per_s": None, "num_clients": 8}
    assert "adaptive: true" in document["batching_parameters_file"]


def test_a_refusal_is_one_line(asked):
    result = run("refused")
    assert (result.exit_code, result.output) == (1, "Error: the model refuses\n")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("m", "--rate", "5", "--concurrency", "5"), 2, "--rate and --concurrency exclude each other"),
        (("m", "--rate", "0"), 2, "--rate"),
        (("m", "--input", "x"), 2, "--input takes NAME=FILE.npy, got 'x'"),
        ((), 2, "Missing argument 'MODEL'"),
    ],
)
def test_mistakes_are_named(asked, arguments, status, message):
    result = run(*arguments)
    assert result.exit_code == status
    assert message in result.output
    assert asked == []


def test_a_file_that_cannot_be_written_is_an_error_after_the_advice(asked, tmp_path):
    output = tmp_path / "nowhere" / "advice.pbtxt"
    result = run("ranker", "--output", str(output))
    assert result.exit_code == 1
    assert "adaptive: true" in result.output
    assert f"--output {output} cannot be written: No such file or directory" in result.output
