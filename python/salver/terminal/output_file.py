"""The file that `--output` names."""

from __future__ import annotations

from pathlib import Path

from salver.errors import InvalidArgumentError


def write_output(path: str, content: bytes) -> None:
    """Write the file.

    Raises:
        InvalidArgumentError: It cannot be written.
    """
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise _refused(path, error) from None


def check_output(path: str) -> None:
    """Look before long work whether its result can be kept; a file that is there stays as it is.

    Raises:
        InvalidArgumentError: It cannot.
    """
    file = Path(path)
    is_new = not file.exists()
    try:
        file.open("ab").close()
        if is_new:
            file.unlink()
    except OSError as error:
        raise _refused(path, error) from None


def _refused(path: str, error: OSError) -> InvalidArgumentError:
    return InvalidArgumentError(f"--output {path} cannot be written: {error.strerror}")
