import click

from salver.errors import NotFoundError
from salver.terminal.program import Program, run


@click.command(cls=Program)
@click.argument("how")
def command(how):
    if how == "error":
        raise NotFoundError("there is none")
    raise SystemExit(int(how))


def test_status_is_that_of_the_command():
    assert (run(command, "salver x", ["0"]), run(command, "salver x", ["3"])) == (0, 3)


def test_an_error_is_one_line_on_stderr(capsys):
    assert run(command, "salver x", ["error"]) == 1
    assert capsys.readouterr() == ("", "Error: there is none\n")


def test_a_mistake_ends_with_two(capsys):
    assert run(command, "salver x", []) == 2
    assert "Usage: salver x" in capsys.readouterr().err
