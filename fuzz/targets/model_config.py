"""Model configurations: text format from a file, or bytes from a reload request, to models and back.

The first byte chooses the form, the rest is the configuration.
"""

import sys

import atheris

with atheris.instrument_imports(include=["salver", "google.protobuf.text_format"]):
    from salver.config.model_config_file import MODEL_SERVER_CONFIG, message_of, models_of
    from salver.errors import SalverError
    from salver.wire import Message, ModelServerConfig, parse_text
    from salver.wire.text import format_text


def check(data: bytes) -> None:
    """Whatever comes, there are models or a SalverError; models survive being written and read."""
    try:
        models = models_of(_message(data[:1], data[1:]))
    except SalverError as error:
        assert error.message
        return
    written = message_of(models)
    assert models_of(parse_text(format_text(written), MODEL_SERVER_CONFIG)) == models


def _message(form: bytes, data: bytes) -> Message:
    if form == b"\x00":
        try:
            return ModelServerConfig.FromString(data)
        except Exception:  # noqa: BLE001  # protobuf's own refusal; the data plane never hands such a message on
            return ModelServerConfig()
    return parse_text(data.decode(errors="replace"), MODEL_SERVER_CONFIG)


if __name__ == "__main__":
    atheris.Setup([f"{sys.executable} {__file__}", *sys.argv[1:]], check)  # a merge starts itself anew by that
    atheris.Fuzz()
