import json
from dataclasses import replace

import pytest

from salver.ctl.group import main
from salver.errors import UnavailableError
from tests.support.admin_documents import FAILED, SERVING, SIGNATURES, model, sent


def run(capsys, *arguments):
    status = main([*arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def offer(admin, *models):
    admin.answers["GET", "/v1/models"] = 200, {"etag": "1-a", "models": [sent(one) for one in models]}


def test_models_are_listed(admin, capsys):
    offer(admin, model(), model("tagger", status="EMPTY", versions=(), version_labels={}, memory_bytes=None))
    status, out, _ = run(capsys, "models")
    assert status == 0
    assert [line.split() for line in out.splitlines()] == [
        ["MODEL", "STATUS", "VERSIONS", "LABELS", "MEMORY", "IN", "FLIGHT", "BATCHING"],
        ["ranker", "AVAILABLE", "3", "stable=3", "5", "MiB", "2", "off"],
        ["tagger", "EMPTY", "-", "-", "-", "2", "off"],
    ]


def test_pattern_and_state_are_the_servers_business(admin, capsys):
    offer(admin)
    assert run(capsys, "models", "rank*", "--state=failed") == (0, "No models.\n", "")
    assert admin.asked == [("127.0.0.1", 8502, "/v1/models?name=rank%2A&state=FAILED")]


def test_json_of_models_is_the_servers_own(admin, capsys):
    offer(admin, model())
    _, out, _ = run(capsys, "models", "--json")
    assert json.loads(out)["models"] == [sent(model())]


@pytest.mark.parametrize("answer", [{}, [], {"models": 1}, {"models": [{"name": "a"}]}])
def test_other_documents_are_refused(admin, capsys, answer):
    admin.answers["GET", "/v1/models"] = 200, answer
    status, _, err = run(capsys, "models")
    assert status == 1
    assert "the answer of the server is not understood" in err


def test_description_has_the_signatures_of_the_highest_version_that_serves(admin, capsys):
    admin.answers["GET", "/v1/models/ranker"] = 200, sent(model())
    admin.answers["GET", "/v1/models/ranker/versions/3"] = 200, sent(replace(SERVING, signatures=SIGNATURES))
    status, out, _ = run(capsys, "describe", "ranker")
    assert status == 0
    assert "serving_default  tensorflow/serving/predict" in out
    assert "version 4: NOT_FOUND: no saved_model.pb" in out


def test_description_of_one_version(admin, capsys):
    admin.answers["GET", "/v1/models/a b"] = 200, sent(model("a b"))
    admin.answers["GET", "/v1/models/a%20b"] = 200, sent(model("a b"))
    admin.answers["GET", "/v1/models/a%20b/versions/4"] = 200, sent(FAILED)
    _, out, _ = run(capsys, "describe", "a b", "--version=4", "--json")
    assert [one["version"] for one in json.loads(out)["versions"]] == [4, 3]
    assert admin.asked[-1][2] == "/v1/models/a%20b/versions/4"


def test_description_while_nothing_serves(admin, capsys):
    admin.answers["GET", "/v1/models/ranker"] = 200, sent(model(status="FAILED", versions=(FAILED,)))
    assert run(capsys, "describe", "ranker")[0] == 0
    assert len(admin.asked) == 1


def test_unknown_model_is_told_as_the_server_does(admin, capsys):
    refusal = {"error": "There is no model rankr; did you mean ranker?", "code": "NOT_FOUND"}
    admin.answers["GET", "/v1/models/rankr"] = 404, refusal
    assert run(capsys, "describe", "rankr") == (1, "", "Error: There is no model rankr; did you mean ranker?\n")


@pytest.mark.parametrize(("typed", "offered"), [("", ["ranker", "tagger"]), ("r", ["ranker"]), ("x", [])])
def test_models_are_offered_to_the_shell(admin, typed, offered):
    from salver.ctl.models import describe

    offer(admin, model("tagger"), model())
    context = describe.make_context("describe", [], resilient_parsing=True)
    (name, *_) = describe.params
    assert [item.value for item in name.shell_complete(context, typed)] == offered
    admin.error = UnavailableError("gone")
    assert name.shell_complete(context, typed) == []
