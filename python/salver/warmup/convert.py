"""`salver warmup convert`: from one kind of warm-up file to another."""

from __future__ import annotations

import click

from salver.ctl.client import Address
from salver.ctl.options import address_option
from salver.errors import NotFoundError
from salver.records.recorded_request import request_message
from salver.records.warmup_files import FileRecord
from salver.servables.servable import DEFAULT_SIGNATURE
from salver.terminal.options import force_option, signature_option
from salver.warmup.files import check_free, read_file, write_file
from salver.warmup.model import forms_of_model
from salver.warmup.options import model_options


@click.command()
@click.argument("source", type=click.Path(dir_okay=False))
@click.argument("target", type=click.Path(dir_okay=False))
@model_options
@address_option
@signature_option("Take requests to this signature alone; of an NPZ file, the one that it is for.")
@force_option
def convert(  # its options
    source: str,
    target: str,
    model: str | None,
    version: int | None,
    address: Address,
    signature: str | None,
    *,
    force: bool,
) -> None:
    """Write the requests of SOURCE to TARGET: names that end with .json or .npz, or TFRecord files."""
    check_free(target, may_replace=force)
    forms = None if model is None else lambda: forms_of_model(model, address, version)
    records = read_file(source, forms, signature or "")
    chosen = [record for record in records if signature is None or signature_of(record) == signature]
    if not chosen:
        raise NotFoundError(f"{source} holds no request{_to_others(records, signature)}; nothing was written")
    num_records = write_file(target, chosen, may_replace=force)
    click.echo(f"{target}: {num_records} of {len(records)} requests")


def _to_others(records: list[FileRecord], signature: str | None) -> str:
    known = sorted({name for record in records if (name := signature_of(record))})
    if signature is None or not known:
        return ""
    return f" to {signature}, only to {', '.join(known)}"


def signature_of(record: FileRecord) -> str:
    """Return the signature that a record is for; empty for a record without a request, or for several."""
    found = request_message(record.record)
    if found is None or found[0] == "multi_inference":
        return ""
    return found[1].model_spec.signature_name or DEFAULT_SIGNATURE
