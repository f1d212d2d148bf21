"""Lines of the access log."""

from __future__ import annotations

import io
import json
import logging

import pytest

from salver.config.server_config import LogFormat
from salver.errors import Code
from salver.logs import set_up_logging
from salver.server.access_log import AccessLog
from tests.support.journal import TRACE_ID, journal_entry


@pytest.fixture
def written():
    """What is logged, in the form that is asked for and at a level that would keep back everything else."""
    stream = io.StringIO()

    def write(entry, log_format):
        set_up_logging(log_format, "error", stream)
        AccessLog().write(entry)
        return stream.getvalue()

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield write
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_a_line_of_text_says_what_took_how_long(written):
    assert written(journal_entry(), LogFormat.HUMAN) == (
        "2023-11-14T22:13:20.001Z INFO    salver.access grpc Predict m/3/serving_default OK 1.234 ms "
        "decode=0.050 queue=0.040 batch=0.010 run=1.000 encode=0.034 rows=2 batch_requests=4 in=60 out=70 id=r1 "
        f"trace={TRACE_ID}\n"
    )


def test_no_two_parts_of_a_line_have_one_name(written):
    names = [word.split("=")[0] for word in written(journal_entry(), LogFormat.HUMAN).split() if "=" in word]

    assert {"batch", "batch_requests"} <= set(names)
    assert len(names) == len(set(names))


def test_json_has_each_part_as_a_field(written):
    fields = json.loads(written(journal_entry(), LogFormat.JSON))

    message = fields.pop("message")
    assert message.startswith("grpc Predict m/3/serving_default OK")
    assert fields == {
        "time": "2023-11-14T22:13:20.001Z",
        "level": "info",
        "logger": "salver.access",
        "request_id": "r1",
        "model": "m",
        "version": 3,
        "signature": "serving_default",
        "api": "Predict",
        "protocol": "grpc",
        "code": "OK",
        "duration_s": 0.001234,
        "phases_s": {"decode": 5e-05, "queue": 4e-05, "batch": 1e-05, "run": 0.001, "encode": 3.4e-05},
        "num_rows": 2,
        "num_batch_requests": 4,
        "num_batch_rows": 16,
        "request_bytes": 60,
        "response_bytes": 70,
        "trace_id": TRACE_ID,
        "span_id": "b" * 16,
    }


def test_a_name_that_looks_like_the_rest_of_a_line_is_one_word(written):
    entry = journal_entry(model="m/3 OK 0.001 ms\nrows=1", version=None, signature="", code=Code.NOT_FOUND)

    line = written(entry, LogFormat.HUMAN)

    assert ' Predict "m/3 OK 0.001 ms\\nrows=1" NOT_FOUND ' in line


def test_a_request_that_reached_no_version_leaves_out_what_is_not_known(written):
    entry = journal_entry(
        trace=None, version=None, signature="", code=Code.NOT_FOUND, phases=(), num_batch_requests=0, num_batch_rows=0
    )

    fields = json.loads(written(entry, LogFormat.JSON))

    assert (fields["model"], fields["code"], fields["phases_s"]) == ("m", "NOT_FOUND", {})
    assert not {"version", "signature", "trace_id", "num_batch_rows"} & set(fields)
    assert " m NOT_FOUND 1.234 ms rows=2 batch_requests=0 " in written(entry, LogFormat.HUMAN)


def test_a_model_name_with_a_line_break_stays_in_its_line(written):
    assert written(journal_entry(model="a\nb"), LogFormat.HUMAN).count("\n") == 1
