"""`salver warmup record`: live requests of a running server, as a warm-up file."""

from __future__ import annotations

import click

from salver.admin.limits import MAX_WAIT_S
from salver.admin.recording import MAX_BYTES, RecordRequest
from salver.admin.recording import MAX_RECORDS as MOST_RECORDS
from salver.ctl.client import Address
from salver.ctl.options import address_option
from salver.errors import NotFoundError
from salver.records.warmup_files import MAX_RECORDS
from salver.terminal.names import read_name
from salver.terminal.numbers import counted
from salver.terminal.options import duration_option, force_option, output_option
from salver.terminal.ranges import Number, WholeNumber
from salver.warmup.files import check_free, write_content
from salver.warmup.server import WarmupServer

_ENDS = {
    "records": "as many as were wanted",
    "bytes": "the next would have been more than --max-bytes",
    "time": "its time was over",
    "stop": "the server stopped it",
}


@click.command()
@click.argument("model", type=read_name)
@address_option
@output_option("The TFRecord file to write.", is_required=True)
@click.option(
    "--max-records", type=WholeNumber(1, MOST_RECORDS), default=100, show_default=True, help="It ends with so many."
)
@click.option(
    "--max-bytes", type=WholeNumber(1, MAX_BYTES), default=64 << 20, show_default=True, help="Or when more would be."
)
@duration_option(60.0, "Or after so long.", max_s=MAX_WAIT_S)
@click.option(
    "--sampling-rate",
    type=Number(min=0, max=1, min_open=True),
    default=1.0,
    show_default=True,
    help="The part of the requests that is taken: less than 1 spreads them over more time.",
)
@force_option
def record(model: str, address: Address, output: str, *, force: bool, **wanted: float) -> None:
    """Record requests that clients send to MODEL, with their answers, until there are enough or the time is over."""
    check_free(output, may_replace=force)
    request = RecordRequest(
        max_records=int(wanted["max_records"]),
        max_bytes=int(wanted["max_bytes"]),
        timeout_s=wanted["duration_s"],
        sampling_rate=wanted["sampling_rate"],
    )
    found = WarmupServer(address).record(model, request)
    if not found.num_records:
        when = "before the server stopped it" if found.end == "stop" else f"within {request.timeout_s:g} s"
        raise NotFoundError(f"no request to {model} was answered {when}; nothing was written")
    write_content(output, found.content, may_replace=force)
    click.echo(f"{output}: {counted(found.num_records, 'request')} ({_ENDS.get(found.end, found.end)})")
    if found.num_dropped:
        click.echo(f"{found.num_dropped} others came faster than they could be taken", err=True)
    if found.num_records > MAX_RECORDS:
        click.echo(f"a warm-up file may have {MAX_RECORDS} records at most; this one has more", err=True)
