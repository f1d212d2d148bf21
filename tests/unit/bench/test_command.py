"""The command line on servers that are made up: what is asked of them, what is shown, kept and refused."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from salver.bench import command
from salver.bench.target import Target
from tests.unit.bench.conftest import FakeRun, FakeServer, report
from tests.unit.bench.test_metadata import response


def answer(options, **fields):
    if "Metadata" in options.path:
        return report(options, reply=response().SerializeToString())
    return report(options, **fields)


@pytest.fixture
def server(monkeypatch):
    made = FakeServer(answer)
    monkeypatch.setattr(command, "_start_load", lambda: made)
    return made


def run(*arguments):
    return CliRunner(env={"COLUMNS": "200"}).invoke(command.bench, list(map(str, arguments)))


def test_a_load_is_tried_out_then_measured_then_shown(server):
    done = run("ranker", "--address=h:1", "--duration=2", "--concurrency=16")
    assert done.exit_code == 0, done.output
    metadata, tried, load = server.asked
    assert "Metadata" in metadata.path
    assert (tried.num_requests, tried.duration_s) == (1, None)
    assert (load.host, load.port, load.duration_s, load.warmup_s) == ("h", 1, 2.0, 1.0)
    assert load.num_connections * load.num_in_flight == 16
    assert done.output.startswith(
        "ranker at h:1, gRPC\n  closed loop, 16 in flight; requests made up: ids [1, 16], who [1]"
    )
    assert "requests/s" in done.output


def test_every_run_is_stopped_in_the_end(server):
    run("ranker")
    assert server.runs[-1].is_stopped


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ((), ("localhost", 8500, "grpc", False)),
        (("--address=h",), ("h", 8500, "grpc", False)),
        (("--address=::1",), ("::1", 8500, "grpc", False)),
        (("--address=[::1]:5", "--tls"), ("::1", 5, "grpc", True)),
        (("--address=http://h:1/",), ("h", 1, "rest", False)),
        (("--address=http://h",), ("h", 80, "rest", False)),
        (("--address=https://h",), ("h", 443, "rest", True)),
    ],
)
def test_the_address_says_what_is_spoken(server, address, asked, tmp_path):
    (tmp_path / "ca.pem").write_bytes(b"ca")
    server.answer = lambda options: report(options, failure="no")
    trusted = (f"--cacert={tmp_path / 'ca.pem'}",) if asked[-1] else ()
    run("ranker", *address, *trusted)
    options = server.asked[0]
    assert (options.host, options.port, options.protocol, options.tls is not None) == asked


def test_a_rate_makes_an_open_loop(server):
    run("ranker", "--rate=250", "--arrivals=constant", "--requests=500", "--warmup=0", "--header=X-Key=a=b")
    load = server.asked[-1]
    assert (load.requests_per_s, load.spacing, load.num_requests, load.duration_s) == (250.0, "constant", 500, None)
    assert (load.headers, load.warmup_s) == ((("x-key", "a=b"),), 0.0)


def test_failures_are_shown_by_kind_with_their_first_message(server):
    server.answer = lambda options: answer(options, failures={"RESOURCE_EXHAUSTED": (12, "queue is full")})
    server.answer = lambda options, failing=server.answer: (
        answer(options) if options.num_requests == 1 else failing(options)
    )
    done = run("ranker")
    assert done.exit_code == 0
    assert "12 times RESOURCE_EXHAUSTED: queue is full" in done.output


def test_a_server_that_went_away_is_a_failure_after_what_was_measured(server):
    server.answer = lambda options: answer(options, **({} if options.num_requests else {"failure": "nothing listens"}))
    done = run("ranker")
    assert done.exit_code == 1
    assert done.output.index("requests/s") < done.output.index("Error: the server went away: nothing listens")


def test_a_load_without_an_answer_is_a_failure(server):
    lost = {"answered": 0, "failures": {"TIMEOUT": (3, "no answer within 1 s")}}
    server.answer = lambda options: answer(options, **({} if options.num_requests else lost))
    done = run("ranker")
    assert done.exit_code == 1
    assert "Error: no request was answered (TIMEOUT: no answer within 1 s)" in done.output


def test_a_refusal_is_one_line_and_no_load(server):
    server.answer = lambda options: report(options, answered=0, failures={"NOT_FOUND": (1, "no such model")})
    done = run("nope")
    assert (done.exit_code, done.output) == (1, "Error: localhost:8500 answers NOT_FOUND: no such model\n")
    assert len(server.asked) == 1


def test_control_c_ends_it_and_stops_the_load(server, monkeypatch):
    def interrupted(self, wait_s):
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeRun, "next_progress", interrupted)
    done = run("ranker")
    assert (done.exit_code, done.output.splitlines()[-1]) == (1, "Aborted!")
    assert server.runs[-1].is_stopped


def test_a_result_is_kept_and_later_compared_with(server, tmp_path):
    path = tmp_path / "kept.json"
    assert run("ranker", f"--output={path}").exit_code == 0
    kept = json.loads(path.read_text())
    assert kept["result"]["num_answered"] == 100
    assert kept["server"]["model"]["name"] == "ranker"

    server.answer = lambda options: answer(options, latency_s=0.010)
    done = run("ranker", f"--baseline={path}", "--concurrency=8")
    assert done.exit_code == 0, done.output
    assert "2.000" in done.output
    assert "Warning: load.concurrency was None, is 8" in done.output


def test_json_is_all_that_is_printed(server, tmp_path):
    path = tmp_path / "kept.json"
    done = run("ranker", "--json", "-o", path)
    assert json.loads(done.output)["result"]["num_answered"] == 100
    assert done.output == path.read_text()
    compared = run("ranker", "--json", f"--baseline={path}", "--concurrency=8")
    assert json.loads(compared.output)["load"]["concurrency"] == 8


def test_two_servers_are_measured_in_turn(server, tmp_path):
    path = tmp_path / "kept.json"
    server.answer = lambda options: answer(options, latency_s=0.005 if options.port == 1 else 0.010)
    done = run("ranker", "--address=h:1", "--compare=h:2", "--rounds=6", f"--output={path}")
    assert done.exit_code == 0, done.output
    ports = [options.port for options in server.asked if options.num_requests is None]
    assert ports == [1, 2, 2, 1] * 3
    kept = json.loads(path.read_text())
    (p99,) = [ratio for ratio in kept["ratios"] if ratio["metric"] == "p99"]
    assert (p99["median"], p99["verdict"], len(kept["rounds"])) == (2.0, "worse", 6)
    assert "h:2 over h:1" in done.output


def test_the_knee_is_looked_for_with_steady_arrivals(server, tmp_path):
    path = tmp_path / "kept.json"

    def limited(options):
        rate = options.requests_per_s
        if rate is None:
            return answer(options, latency_s=0.002)
        return answer(options, answered=int(2 * rate), latency_s=0.002 if rate <= 1000 else 0.5)

    server.answer = limited
    done = run("ranker", "--find-knee", f"--output={path}")
    assert done.exit_code == 0, done.output
    knee = json.loads(path.read_text())["knee"]
    assert knee["best"]["load"] == pytest.approx(1000, rel=0.03)
    assert "Knee: " in done.output
    steps = [options for options in server.asked if options.requests_per_s]
    assert {options.spacing for options in steps} == {"constant"}
    assert {(options.duration_s, options.timeout_s) for options in steps} == {(2.0, 2.0)}


def test_the_knee_by_concurrency_raises_what_is_in_flight(server):
    server.answer = lambda options: answer(options, answered=100)
    done = run("ranker", "--find-knee", "--by=concurrency", "--target-p99-ms=50")
    assert done.exit_code == 0, done.output
    in_flight = [options.num_connections * options.num_in_flight for options in server.asked[3:]]
    assert in_flight == [1, 2, 4, 8]
    assert "a p99 of up to 50 ms is good, as given" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--version=1", "--label=a"), "--version and --label exclude each other"),
        (("--find-knee", "--compare=h:1"), "--find-knee and --compare exclude each other"),
        (("--find-knee", "--rate=5"), "--find-knee and --rate exclude each other"),
        (("--find-knee", "--requests=5"), "--find-knee and --requests exclude each other"),
        (("--by=rate",), "--by needs --find-knee"),
        (("--target-p99-ms=5",), "--target-p99-ms needs --find-knee"),
        (("--rounds=3",), "--rounds needs --compare"),
        (("--arrivals=constant",), "--arrivals needs --rate"),
        (("--find-knee", "--by=concurrency", "--concurrency=5"), "leave --concurrency out"),
        (("--address=h:x",), "expected HOST:PORT, HOST or [IPV6]:PORT, got 'h:x'"),
        (("--address=ftp://h:1",), "expected HOST:PORT for gRPC or http://HOST:PORT for REST, got 'ftp://h:1'"),
        (("--address=http://h:1/v1",), "expected HOST:PORT"),
        (("--address=http://h:1", "--compare=h:2"), "both have to speak the same"),
        (("--cert=pyproject.toml",), "--cert and --key come together"),
        (("--cacert=/nowhere/ca.pem",), "'--cacert': File '/nowhere/ca.pem' does not exist"),
        (("--header=x",), "--header takes NAME=VALUE, got 'x'"),
        (("--rate=0",), "--rate"),
    ],
)
def test_a_command_line_that_contradicts_itself_is_refused(server, arguments, message):
    done = run("ranker", *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert server.asked == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--connections=3",), "cannot be spread evenly"),
        (("--baseline=/nowhere/kept.json",), "cannot be read"),
        (("--output=/nowhere/kept.json",), "--output /nowhere/kept.json cannot be written: No such file"),
    ],
)
def test_options_that_cannot_be_used_are_a_failure_before_any_load(server, arguments, message):
    done = run("ranker", *arguments)
    assert done.exit_code == 1
    assert message in done.output
    assert not [options for options in server.asked if options.duration_s]


def test_tls_is_met_with_the_files_given(server, tmp_path):
    for name in ("cacert", "cert", "key"):
        (tmp_path / name).write_bytes(name.encode())
    run("ranker", "--address=h", *(f"--{name}={tmp_path / name}" for name in ("cacert", "cert", "key")))
    tls = server.asked[0].tls
    assert (tls.server_name, tls.roots, tls.identity) == ("h", b"cacert", (b"cert", b"key"))


def test_an_exit_status_for_a_program(server, capsys):
    assert command.main(["ranker", "--quiet"]) == 0
    assert command.main(["--nonsense"]) == 2
    capsys.readouterr()


def test_ipv6_is_shown_in_brackets():
    assert replace(Target(host="::1", port=5, protocol="grpc", model=None)).address == "[::1]:5"
