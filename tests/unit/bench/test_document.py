import json
from datetime import UTC, datetime

import pytest

from salver.bench.bodies import Bodies
from salver.bench.document import differences, document, read_baseline, target_document, text
from salver.bench.load_shape import LoadShape
from salver.bench.result import result_document, result_of
from salver.boundary.load import LoadTls
from salver.errors import InvalidArgumentError
from salver.terminal.output_file import write_output
from tests.unit.bench.conftest import report, target_of

OPTIONS = target_of().options([b"x"])
BODIES = Bodies((b"x",), (4,), "made up: x [4]")


def kept_of(shape=None):
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return document(["ranker", "--rate=5"], target_of(), BODIES, shape or LoadShape(), lambda: now)


def result():
    return result_of(report(OPTIONS, answered=7, failures={"UNAVAILABLE": (1, "away")}), OPTIONS, [4])


def test_a_document_says_how_it_came_to_be():
    kept = kept_of()
    assert kept["command"] == ["salver", "bench", "ranker", "--rate=5"]
    assert kept["at"] == "2026-01-02T03:04:05+00:00"
    assert kept["load"]["rows"] == 4
    assert {"processor", "num_cpus", "memory_bytes", "system", "load_average"} <= kept["machine"].keys()


def test_secrets_stay_out_of_it():
    target = target_of()
    secret = LoadTls(server_name="h", roots=b"", identity=(b"certificate", b"SECRET"))
    made = target_document(type(target)(**{**vars(target), "tls": secret, "headers": (("authorization", "SECRET"),)}))
    assert "SECRET" not in json.dumps(made)
    assert made["is_tls"]


def test_what_is_written_is_read_as_a_baseline(tmp_path):
    path = str(tmp_path / "kept.json")
    kept = {**kept_of(), "result": result_document(result())}
    write_output(path, text(kept).encode())
    assert read_baseline(path) == (result(), json.loads(json.dumps(kept)))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no result of a load"),
        ('{"format": 1}', "holds no result of a load"),
        ('{"format": 1, "result": {"latency": {}}}', "holds no result of a load"),
        ('{"format": 2}', "has format 2, expected 1"),
    ],
)
def test_a_file_of_something_else_is_no_baseline(tmp_path, content, problem):
    path = tmp_path / "kept.json"
    path.write_text(content)
    with pytest.raises(InvalidArgumentError, match=problem):
        read_baseline(str(path))


def test_files_that_cannot_be_used_are_told(tmp_path):
    with pytest.raises(InvalidArgumentError, match="cannot be written"):
        write_output(str(tmp_path / "no" / "kept.json"), text({}).encode())
    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        read_baseline(str(tmp_path / "none"))


def test_what_else_differs_from_a_baseline_is_told():
    before, now = json.loads(json.dumps(kept_of())), kept_of(LoadShape(rate=9.0))
    assert differences(before, kept_of()) == ()
    before["machine"]["num_cpus"] = "many"
    cpus, rate = differences(before, now)
    assert cpus.startswith("machine.num_cpus was many, is ")
    assert rate == "load.rate was None, is 9.0"
