"""The command `salver predict`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from salver.client.address import read_address
from salver.client.call_options import ModelOptions
from salver.client.client import Client
from salver.client.client_options import ClientOptions
from salver.client.no_answer import NoAnswerError
from salver.client.retry import RetryPolicy
from salver.client.signatures import DEFAULT_SIGNATURE, ModelMetadata, Signature
from salver.client.tls import Tls
from salver.errors import InvalidArgumentError, UnavailableError
from salver.nearest import nearest_or_all
from salver.predict.inputs import Array, arrays_for
from salver.predict.readers import FORMS, ONLY, Values, form_of, read_values
from salver.predict.writers import written
from salver.terminal.names import read_name
from salver.terminal.options import (
    check_version_or_label,
    input_option,
    output_option,
    read_input,
    signature_option,
    timeout_option,
    version_or_label_options,
)
from salver.terminal.output_file import write_output
from salver.terminal.program import HELP_OPTIONS, Program, run
from salver.terminal.server_address import server_address_option
from salver.terminal.tls_options import TlsChoice, tls_options

_STDIN = "-"
_ASKED = "HOST:PORT asks for gRPC, http://HOST:PORT for REST"


def _address(text: str) -> str:
    """Leave an address as it is, for the client to read.

    Raises:
        click.BadParameter: The client would refuse it.
    """
    try:
        read_address(text)
    except InvalidArgumentError as error:
        raise click.BadParameter(error.message.removeprefix("address: ")) from None
    return text


@click.command(cls=Program, context_settings=HELP_OPTIONS)
@click.argument("model", type=read_name)
@click.argument("file", type=click.Path(), required=False)
@input_option("FILE", "A file for one input")
@click.option("--input-format", type=click.Choice(FORMS), help="Of all files; by default what their names say.")
@output_option("Write the outputs here; by default to the terminal.")
@click.option(
    "--format", "form", type=click.Choice(FORMS), help="Of the outputs; by default that of --output, or JSON."
)
@click.option("--filter", "output_filter", multiple=True, metavar="NAME", help="An output to ask for; may be repeated.")
@server_address_option(_address)
@version_or_label_options
@signature_option("The signature to ask; by default serving_default, or the only one.")
@timeout_option(60.0, "Longest that one request may take.")
@tls_options
def predict(model: str, **options: Any) -> None:
    """Run MODEL on the values in FILE and show what comes out.

    FILE is JSON, NPY, NPZ or CSV; without one, or with -, standard input is read. The model itself says which inputs it
    takes, and of which types and shapes.
    """
    check_version_or_label(options["version"], options["label"])
    values = _values(options)
    try:
        with Client(options["address"], **_client_options(options)) as client:
            outputs = _asked(client, model, values, options)
    except NoAnswerError as error:
        raise UnavailableError(f"{error.message} ({_ASKED})") from None
    _write(outputs, options["output"], options["form"])


def _client_options(options: Mapping[str, Any]) -> ClientOptions:
    retry = RetryPolicy(max_attempts=3)  # a person waits, and has perhaps mistyped the address
    return {"timeout_s": options["timeout_s"], "tls": _tls(options["tls"]), "retry": retry}


def _tls(choice: TlsChoice) -> Tls | None:
    if not choice:
        return None
    return Tls(
        root_certificates=choice.ca,
        certificate=choice.certificate,
        key=choice.key,
        server_name=choice.server_name,
    )


def _asked(client: Client, model: str, values: Values, options: Mapping[str, Any]) -> Mapping[str, Array]:
    which: ModelOptions = {}
    if options["version"] is not None:
        which["version"] = options["version"]
    if options["label"] is not None:
        which["label"] = options["label"]
    name, signature = _signature(client.model_metadata(model, **which), options["signature"])
    for wanted in options["output_filter"]:
        if wanted not in signature.outputs:
            raise InvalidArgumentError(f"no output {wanted!r}; {nearest_or_all(wanted, signature.outputs)}")
    arrays = arrays_for(signature, values)
    which["signature"] = name
    return client.predict(model, arrays, output_filter=options["output_filter"], **which)


def _signature(metadata: ModelMetadata, asked: str | None) -> tuple[str, Signature]:
    known = {name: one for name, one in metadata.signatures.items() if not name.startswith("__")}
    name = asked or (next(iter(known)) if len(known) == 1 else DEFAULT_SIGNATURE)
    if name not in metadata.signatures:
        raise InvalidArgumentError(f"model {metadata.model!r} has no signature {name!r}; {nearest_or_all(name, known)}")
    return name, metadata.signatures[name]


# --- files -----------------------------------------------------------------------------------------------------------


def _values(options: Mapping[str, Any]) -> Values:
    """What all files say; values of `--input` are for their input whatever name they have in their file."""
    given: dict[str, Any] = {}
    if options["file"] is not None or not options["inputs"]:
        given |= _file_values(options["file"] or _STDIN, options["input_format"])
    for item in options["inputs"]:
        name, path = read_input(item, "FILE")
        values = _file_values(path, options["input_format"])
        if len(values) != 1:
            raise InvalidArgumentError(f"{path} holds {len(values)} inputs, and --input {name} needs one")
        given[name] = next(iter(values.values()))
    if ONLY in given and len(given) > 1:
        raise InvalidArgumentError("values without a name stand beside others: give all by --input NAME=FILE")
    return given


def _file_values(path: str, form: str | None) -> Values:
    data = _content(path)
    try:
        return read_values(data, form or form_of(path, data))
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{_called(path)}: {error.message}") from None


def _content(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == _STDIN else Path(path).read_bytes()
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror}") from None


def _called(path: str) -> str:
    return "standard input" if path == _STDIN else path


def _write(outputs: Mapping[str, Array], path: str | None, form: str | None) -> None:
    ending = (path or "").rpartition(".")[2].lower()
    chosen = form or (ending if ending in FORMS else "json")
    data = written(outputs, chosen)
    if path is None:
        if chosen in {"npy", "npz"} and os.isatty(1):
            raise InvalidArgumentError(f"{chosen} is not for a terminal: --output FILE")
        sys.stdout.buffer.write(data)
        return
    write_output(path, data)


def main(arguments: Sequence[str]) -> int:
    """Run `salver predict` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what goes wrong is told in a line, and not in gRPC's as well
    return run(predict, "salver predict", arguments)
