"""`salver warmup synth`: a warm-up file made of nothing but the signatures of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import click

from salver.ctl.client import Address
from salver.ctl.options import address_option
from salver.errors import InvalidArgumentError, SalverError
from salver.records.made_inputs import made_rows
from salver.records.recorded_request import record_of
from salver.records.request_form import RequestForm, chosen_form
from salver.records.tensors import tensor_proto
from salver.records.warmup_files import FileRecord, tfrecord_path
from salver.terminal.names import read_name
from salver.terminal.numbers import counted
from salver.terminal.options import force_option, output_option
from salver.warmup.files import check_free, write_file
from salver.warmup.model import forms_of_model, is_directory
from salver.warmup.options import model_version_option


class _Sizes(click.ParamType[tuple[int, ...]]):
    """Whole numbers above 0, separated by commas."""

    name = "sizes"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            sizes = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            sizes = ()
        if not sizes or min(sizes) < 1:
            self.fail(f"expected whole numbers above 0, separated by commas, got {value!r}", param, ctx)
        return sizes


@click.command()
@click.argument("model", type=read_name, metavar="DIR|MODEL")
@address_option
@model_version_option
@click.option("--signature", "names", multiple=True, help="For this signature; may be repeated. By default for all.")
@click.option("--rows", type=_Sizes(), default="1", show_default=True, help="A request with each number of rows.")
@click.option(
    "--length",
    "lengths",
    type=_Sizes(),
    default="16",
    show_default=True,
    help="And with each length of open dimensions.",
)
@output_option("By default the warm-up file of DIR.")
@force_option
def synth(  # noqa: PLR0913  # its options
    model: str,
    address: Address,
    version: int | None,
    names: Sequence[str],
    rows: Sequence[int],
    lengths: Sequence[int],
    output: str | None,
    *,
    force: bool,
) -> None:
    """Make a warm-up file for a version directory, or for MODEL of a running server, from its signatures.

    Inputs are random fractions, zeros for whole numbers, empty strings. A model that refuses these needs real requests:
    `salver warmup record`.
    """
    if output is None and not is_directory(model):
        raise click.UsageError(
            f"there is no directory {model}; for a model of a server, say where to write with -o FILE"
        )
    path = output or tfrecord_path(model)
    check_free(path, may_replace=force)
    forms = forms_of_model(model, address, version)
    chosen = [chosen_form(forms, name) for name in names] or list(_makeable(forms))
    if not chosen:
        raise InvalidArgumentError(f"there is no signature that requests can be made for; {model} has {_known(forms)}")
    records = [record for form in chosen for record in made_records(form, rows, lengths)]
    num_records = write_file(path, records, may_replace=force)
    click.echo(f"{path}: {counted(num_records, 'request')} to {', '.join(form.signature.name for form in chosen)}")


def made_records(form: RequestForm, rows: Sequence[int], lengths: Sequence[int]) -> Iterator[FileRecord]:
    """Give a record for each number of rows and each length; what would be the same request comes once.

    Raises:
        SalverError: The signature has an input that cannot be made up; names it.
    """
    seen = set()
    for num_rows in rows:
        for length in lengths:
            record = _made_record(form, num_rows, length)
            if record not in seen:
                seen.add(record)
                yield FileRecord(len(seen) - 1, f"request {len(seen) - 1}: ", record)


def _made_record(form: RequestForm, num_rows: int, length: int) -> bytes:
    from salver import wire

    name = form.signature.name
    if form.example_api is not None:
        example = wire.Example()
        example.features.SetInParent()
        kind = wire.ClassificationRequest if form.example_api == "classify" else wire.RegressionRequest
        request = kind(model_spec=wire.ModelSpec(signature_name=name))
        request.input.example_list.examples.extend([example] * num_rows)
        return record_of(form.example_api, request)
    request = wire.PredictRequest(model_spec=wire.ModelSpec(signature_name=name))
    for info in form.required.inputs:
        try:
            request.inputs[info.name].CopyFrom(tensor_proto(made_rows(info, num_rows, length), info.dtype))
        except SalverError as error:
            raise InvalidArgumentError(f"input {info.name} of {name} cannot be made up: {error.message}") from None
    return record_of("predict", request)


def _makeable(forms: Mapping[str, RequestForm]) -> Iterator[RequestForm]:
    """Signatures that are not made for examples, whose features only the model knows, and have inputs."""
    for name, form in forms.items():
        if form.example_api is not None:
            click.echo(f"{name}: passed over, since nobody but the model knows its features", err=True)
        elif form.required.inputs:
            yield form


def _known(forms: Mapping[str, RequestForm]) -> str:
    return ", ".join(forms) or "none"
