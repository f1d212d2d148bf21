"""Flags from the command line, the environment and a TOML file, up to the checked configuration of a server.

The first byte chooses the place; arguments stand on a line each, and variables as NAME=value.
"""

import logging
import sys

import atheris

with atheris.instrument_imports(include=["salver", "tomllib"]):
    import tomllib  # noqa: F401  # imported late by the parser, out of sight of the counters

    from salver.config.flag_parser import Reading, parse_arguments, parse_environment, parse_toml
    from salver.config.flags import FLAGS
    from salver.config.reader import Settings, read_server_config
    from salver.errors import SalverError

logging.disable()  # flags without effect are warned of
DEFAULTS = {flag.name: flag.default for flag in FLAGS.values()}


def check(data: bytes) -> None:
    """Whatever comes, every value has its flag's type, and they make a configuration or a SalverError."""
    reading = _read(data[:1], data[1:].decode(errors="replace"))
    for name, value in reading.values.items():
        assert isinstance(value, FLAGS[name].kind), (name, value)
    # Files that are named are not opened here.
    given = {name: value for name, value in reading.values.items() if not name.endswith("_file")}
    try:
        read_server_config(Settings({**DEFAULTS, **given}))
    except SalverError as error:
        assert error.message


def _read(place: bytes, text: str) -> Reading:
    if place == b"\x00":
        return parse_toml(text)
    if place == b"\x01":
        return parse_environment(dict(line.partition("=")[::2] for line in text.split("\n")))
    return parse_arguments(text.split("\n"))


if __name__ == "__main__":
    atheris.Setup([f"{sys.executable} {__file__}", *sys.argv[1:]], check)  # a merge starts itself anew by that
    atheris.Fuzz()
