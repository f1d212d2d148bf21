import json

import pytest

from salver.boundary import BatchingPolicy, BatchingReport
from salver.ctl.group import main


def report(model, signature="s"):
    return BatchingReport(model=model, version=1, signature=signature, policy=BatchingPolicy())


def run(capsys, *arguments):
    status = main(["batching", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.fixture
def naps(monkeypatch):
    """Pauses of a watch; the third is where its user has seen enough."""
    taken = []

    def sleep(period_s):
        taken.append(period_s)
        if len(taken) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("salver.ctl.looks.time.sleep", sleep)
    return taken


def test_all_models_are_shown(admin, capsys):
    admin.report(report("tagger"), report("ranker"))
    status, out, _ = run(capsys)
    assert status == 0
    assert [line for line in out.splitlines() if "version" in line] == ["ranker version 1  s", "tagger version 1  s"]
    assert admin.asked == [("127.0.0.1", 8502, "/v1/batching")]


def test_one_model_of_another_server_is_shown(admin, capsys):
    admin.names = {"a b/c"}
    admin.report(report("a b/c"))
    status, out, _ = run(capsys, "a b/c", "--address", "h:9")
    assert (status, out.splitlines()[0]) == (0, "a b/c version 1  s")
    assert admin.asked == [("h", 9, "/v1/batching/a%20b%2Fc")]


def test_json_is_the_servers_own(admin, capsys):
    admin.report(report("ranker"))
    status, out, _ = run(capsys, "--json")
    assert status == 0
    assert [item["mode"] for item in json.loads(out)["batching"]] == ["adaptive"]


def test_watch_looks_again_until_it_is_interrupted(admin, capsys, naps):
    admin.report(report("ranker"))
    status, out, err = run(capsys, "--watch", "2.5")
    assert (status, err) == (0, "")
    assert (out.count("ranker version 1"), naps) == (3, [2.5, 2.5, 2.5])


def test_watch_of_json_gives_a_line_each_time(admin, capsys, naps):
    _, out, _ = run(capsys, "--watch=1", "--json")
    assert [json.loads(line) for line in out.splitlines()] == [{"batching": []}] * 3


def test_watch_draws_over_itself_on_a_terminal(admin, capsys, naps, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    admin.report(report("ranker"))
    status, out, _ = run(capsys, "--watch=1")
    assert status == 0
    assert "\x1b[2K" in out  # lines are cleared before they are drawn again


def test_unknown_model_names_the_nearest(admin, capsys):
    status, out, err = run(capsys, "rankr")
    assert (status, out, err) == (1, "", "Error: There is no model rankr; did you mean ranker?\n")


def test_server_that_is_not_there(admin, capsys):
    admin.error = ConnectionRefusedError(111, "Connection refused")
    status, _, err = run(capsys)
    assert status == 1
    assert err == (
        "Error: no admin listener at 127.0.0.1:8502 (Connection refused); is the server running? Its flag --admin_port"
        " says where\n"
    )


def test_server_that_goes_ends_a_watch(admin, capsys, monkeypatch):
    def sleep(_):
        admin.error = ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("salver.ctl.looks.time.sleep", sleep)
    status, out, err = run(capsys, "--watch=1", "--json")
    assert (status, len(out.splitlines())) == (1, 1)
    assert "no admin listener" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--address=h:x"], "expected HOST:PORT, HOST or [IPV6]:PORT, got 'h:x'"),
        (["--watch=0"], "0.0 is not in the range"),
        (["--jsn"], "Did you mean '--json'"),
        (["a", "b"], "unexpected extra argument"),
    ],
)
def test_mistakes_end_with_two(admin, capsys, arguments, said):
    status, _, err = run(capsys, *arguments)
    assert status == 2
    assert said in err
    assert admin.asked == []
