from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest

from salver import tracing
from salver.config import LogFormat
from salver.logs import set_up_logging

SetUp = Callable[..., io.StringIO]


@pytest.fixture
def set_up() -> Iterator[SetUp]:
    """Set up logging into a buffer, and put the root logger back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def into_buffer(log_format: LogFormat, level: str = "info") -> io.StringIO:
        stream = io.StringIO()
        set_up_logging(log_format, level, stream)
        return stream

    # pytest's own handlers must not be closed by force=True
    root.handlers = []
    yield into_buffer
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def log_failure() -> None:
    try:
        int("two\nlines")
    except ValueError:
        logging.getLogger("salver.x").exception("no %s", "luck")


def test_human_line_has_time_level_logger_and_message(set_up):
    stream = set_up(LogFormat.HUMAN)
    logging.getLogger("salver.core").info("loaded", extra={"model": "m", "version": 3})
    time, level, rest = stream.getvalue().split(maxsplit=2)
    assert time.endswith("Z")
    assert level == "INFO"
    assert rest == "salver.core loaded\n"


def test_json_line_is_one_object_with_the_callers_fields(set_up):
    stream = set_up(LogFormat.JSON)
    logging.getLogger("salver.core").warning("é\n%d", 1, extra={"model": "m", "version": 3, "path": None})
    (line,) = stream.getvalue().splitlines()
    document = json.loads(line)
    assert document.pop("time").endswith("Z")
    assert document == {"level": "warning", "logger": "salver.core", "message": "é\n1", "model": "m", "version": 3}


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_exception_is_one_line(set_up, log_format):
    stream = set_up(log_format)
    log_failure()
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: invalid literal" in line
    assert "Traceback" not in line


def test_traceback_follows_at_debug(set_up):
    stream = set_up(LogFormat.HUMAN, "debug")
    log_failure()
    assert "Traceback (most recent call last)" in stream.getvalue()


def test_no_terminal_obeys_a_traceback(set_up):
    stream = set_up(LogFormat.HUMAN, "debug")
    logging.getLogger("salver.x").error("no luck", exc_info=ValueError("bad \x1b[2J"))
    assert stream.getvalue().count("ValueError: bad") == 2
    assert "\x1b" not in stream.getvalue()


def test_json_keeps_the_traceback_in_a_field_at_debug(set_up):
    stream = set_up(LogFormat.JSON, "debug")
    log_failure()
    assert "Traceback" in json.loads(stream.getvalue())["traceback"]


def test_message_with_line_ends_stays_one_line(set_up):
    stream = set_up(LogFormat.HUMAN)
    logging.getLogger("salver").info("a\r\nb")
    assert stream.getvalue().endswith("salver a\\r\\nb\n")


@pytest.mark.parametrize("log_format", LogFormat)
def test_no_terminal_obeys_what_a_client_sent(set_up, log_format):
    sent = "\x1b[2J\x9b2J\x7f\x00\u2028 \u00e9\t\u061c\u200e\u200f\u202a\u202e\u2066\u2069"
    stream = set_up(log_format)
    logging.getLogger("salver").info(sent)
    line = stream.getvalue()
    assert all(character.isprintable() or character == "\t" for character in line[:-1])
    if log_format is LogFormat.JSON:
        assert json.loads(line)["message"] == sent


def test_less_severe_records_are_left_out(set_up):
    stream = set_up(LogFormat.HUMAN, "warning")
    logging.getLogger("salver").info("quiet")
    assert stream.getvalue() == ""


def test_a_line_that_a_servable_logs_in_a_traced_run_belongs_to_the_trace(set_up):
    stream = set_up(LogFormat.JSON)
    with tracing.running([tracing.TraceContext(f"00-{'a' * 32}-{'b' * 16}-01")]):
        logging.getLogger("model").warning("ran")

    document = json.loads(stream.getvalue())
    assert (document["trace_id"], document["span_id"]) == ("a" * 32, "b" * 16)
