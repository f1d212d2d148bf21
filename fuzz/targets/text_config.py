"""Configuration files in text format, other than models. The first byte chooses the file, the rest is its content."""

import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["salver", "google.protobuf.text_format"]):
    from salver.config.batching_parameters_file import Scope, read_batching_parameters
    from salver.config.monitoring_config_file import read_monitoring_config_file
    from salver.config.platform_config_file import read_platform_config_file
    from salver.config.server_config import ServerConfig
    from salver.config.session_config import read_session_config
    from salver.config.text_file import read_message
    from salver.config.tls import SslConfigFile, read_texts
    from salver.errors import SalverError
    from salver.wire import parse_text
    from salver.wire.text import format_text


def message_file(name: str) -> Callable[[str], object]:
    """A reader of files that hold this message; it also checks that the message survives being written and read."""

    def read(path: str) -> None:
        written = format_text(read_message(path, name, what="file"))
        assert format_text(parse_text(written, name)) == written

    return read


def read_ssl_config(path: str) -> object:
    """Credentials in an SSLConfig; what they hold is for the data plane to read."""
    source = SslConfigFile(path)
    return source.config(read_texts(source))


READERS = (
    lambda path: read_batching_parameters(path, Scope.SERVER),
    read_ssl_config,
    lambda path: read_platform_config_file(path, ServerConfig()),
    read_monitoring_config_file,
    read_session_config,
    message_file("tensorflow.serving.PlatformConfigMap"),
)
logging.disable()  # settings without effect are warned of
FILE = Path(tempfile.mkstemp(prefix="salver-fuzz-")[1])


def check(data: bytes) -> None:
    """Whatever comes, it can be read, or there is a SalverError."""
    FILE.write_bytes(data[1:])
    try:
        READERS[sum(data[:1]) % len(READERS)](str(FILE))
    except SalverError as error:
        assert error.message


if __name__ == "__main__":
    atheris.Setup([f"{sys.executable} {__file__}", *sys.argv[1:]], check)  # a merge starts itself anew by that
    atheris.Fuzz()
