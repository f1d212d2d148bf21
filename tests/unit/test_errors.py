"""The vocabulary of errors."""

import pytest

from salver.errors import (
    Code,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    SalverError,
    UnknownError,
    as_salver_error,
    error_from_code,
)


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_every_code_has_its_error(code):
    error = error_from_code(code, "why")
    assert (error.code, error.message, str(error)) == (code, "why", f"{code.name}: why")


def test_an_unknown_number_is_unknown():
    assert error_from_code(99, "why") == UnknownError("why")


def test_errors_are_equal_by_code_and_message():
    assert NotFoundError("a") == NotFoundError("a")
    assert NotFoundError("a") != NotFoundError("b")
    assert NotFoundError("a") != UnknownError("a")
    assert len({NotFoundError("a"), NotFoundError("a")}) == 1


@pytest.mark.parametrize(
    ("foreign", "known"),
    [
        (NotFoundError("as it is"), NotFoundError("as it is")),
        (FileNotFoundError(2, "No such file or directory", "/srv/models/m/1/x.txt"), None),
        (PermissionError(13, "Permission denied", "/srv/x"), PermissionDeniedError("Permission denied: x")),
        (OSError(5, "Input/output error", "/srv/models/x"), UnknownError("Input/output error: x")),
        (MemoryError(), ResourceExhaustedError("out of memory")),
        (ValueError("three"), UnknownError("ValueError: three")),
        (ValueError("cannot read /srv/models/m/1/w.bin: bad"), UnknownError("ValueError: cannot read w.bin: bad")),
        (ImportError("no x in 'y' (/srv/py/y/__init__.py)"), UnknownError("ImportError: no x in 'y' (__init__.py)")),
        (ValueError("file:/srv/m/w"), UnknownError("ValueError: file:w")),
    ],
)
def test_foreign_errors_tell_a_client_no_server_path(foreign, known):
    error = as_salver_error(foreign)
    assert isinstance(error, SalverError)
    assert error == (known or NotFoundError("No such file or directory: x.txt"))
    assert "/srv" not in error.message


@pytest.mark.parametrize("text", ["https://host/a/b", "block/layer/w", "./a/b", "1 / 2 / 3", "/job:x/replica:0/task:0"])
def test_what_is_no_server_path_stays_whole(text):
    assert as_salver_error(ValueError(text)).message == f"ValueError: {text}"
