"""`salver warmup show`: what is in a warm-up file or a request log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from salver.ctl.client import Address
from salver.ctl.options import address_option
from salver.errors import SalverError
from salver.inspection.signatures import dtype_name
from salver.records.recorded_request import request_message
from salver.records.warmup_files import FileRecord
from salver.terminal.numbers import counted, size
from salver.terminal.options import json_option, limit_option, signature_option
from salver.terminal.screen import print_view
from salver.terminal.shapes import shape_text
from salver.warmup.convert import signature_of
from salver.warmup.files import read_file
from salver.warmup.model import forms_of_model
from salver.warmup.options import model_options

if TYPE_CHECKING:
    from salver.wire import Message


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@model_options
@address_option
@signature_option("The one that an NPZ file is for, unless that is serving_default.")
@limit_option(20, "Records that are shown.")
@json_option("Print what is known of each record as a line of JSON.")
def show(  # its options
    file: str,
    model: str | None,
    version: int | None,
    address: Address,
    signature: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Say which requests are in FILE."""
    forms = None if model is None else lambda: forms_of_model(model, address, version)
    records = read_file(file, forms, signature or "")
    if as_json:
        for record in records[:limit]:
            click.echo(json.dumps(described(record)))
        return
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "api", "signature", "size", "inputs"):
        table.add_column(title, justify="right" if title == "size" else "left")
    for record in records[:limit]:
        told = described(record)
        cells = (told["index"], told["api"], told["signature"], size(len(record.record)), told["inputs"])
        table.add_row(*(escape(str(cell)) for cell in cells))
    click.echo(counted(len(records), "record"))
    print_view(table)
    if len(records) > limit:
        click.echo(f"and {len(records) - limit} more (--limit shows them)")


def described(record: FileRecord) -> dict[str, object]:
    """Return index, API, signature and inputs of a record, or in the place of the API what is wrong with it."""
    try:
        found = request_message(record.record)
        api, inputs = ("no request", "") if found is None else (found[0], "; ".join(_inputs(*found)))
        name = signature_of(record)
    except SalverError as error:
        api, name, inputs = error.message, "", ""
    num_bytes = len(record.record)
    return {"index": record.index, "api": api, "signature": name, "num_bytes": num_bytes, "inputs": inputs}


def _inputs(api: str, request: Message) -> Iterator[str]:
    if api == "predict":
        for name in sorted(request.inputs):
            tensor = request.inputs[name]
            shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
            yield f"{name} {dtype_name(tensor.dtype)} {shape_text(shape)}"
        return
    kind = request.input.WhichOneof("kind")
    examples = 0 if kind is None else len(getattr(request.input, kind).examples)
    yield f"{examples} examples"
    if api == "multi_inference":
        yield f"{len(request.tasks)} tasks"
