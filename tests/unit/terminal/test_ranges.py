import click
import pytest
from click.testing import CliRunner

from salver.terminal.ranges import Number, WholeNumber


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (WholeNumber(min=1), "x", "'x' is not a valid whole number."),
        (WholeNumber(min=1), "0", "0 is not in the range x>=1."),
        (Number(min=0, min_open=True), "x", "'x' is not a valid number."),
        (Number(min=0, min_open=True), "0", "0.0 is not in the range x>0."),
    ],
)
def test_what_is_no_such_number_is_told_in_plain_words(kind, text, told):
    command = click.Command("c", params=[click.Option(["--n"], type=kind)])
    done = CliRunner().invoke(command, [f"--n={text}"])
    assert done.exit_code == 2
    assert done.output.endswith(f"Error: Invalid value for '--n': {told}\n")
