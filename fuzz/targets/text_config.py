"""Text-format configuration of the other kinds. The first byte chooses the message, the rest is its text."""

import sys

import atheris

with atheris.instrument_imports(include=["salver", "google.protobuf.text_format"]):
    from salver.errors import SalverError
    from salver.wire import parse_text
    from salver.wire.text import format_text

MESSAGES = (
    "tensorflow.serving.BatchingParameters",
    "tensorflow.serving.SSLConfig",
    "tensorflow.serving.PlatformConfigMap",
    "tensorflow.serving.MonitoringConfig",
    "tensorflow.serving.SessionBundleConfig",
)


def check(data: bytes) -> None:
    """Whatever comes, there is a message or a SalverError; a message survives being written and read."""
    name = MESSAGES[data[0] % len(MESSAGES)] if data else MESSAGES[0]
    try:
        message = parse_text(data[1:].decode(errors="replace"), name)
    except SalverError as error:
        assert error.message
        return
    written = format_text(message)
    assert format_text(parse_text(written, name)) == written


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
