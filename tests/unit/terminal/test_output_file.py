import re

import pytest

from salver.errors import InvalidArgumentError
from salver.terminal.output_file import check_output, write_output


def test_what_can_be_written_is_left_as_it_was_until_then(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"kept")
    check_output(str(old))
    check_output(str(new))
    assert old.read_bytes() == b"kept"
    assert not new.exists()
    write_output(str(new), b"content")
    assert new.read_bytes() == b"content"


@pytest.mark.parametrize("refuse", [check_output, lambda path: write_output(path, b"")])
def test_what_cannot_be_written_is_named(tmp_path, refuse):
    path = str(tmp_path / "no folder" / "file")
    with pytest.raises(InvalidArgumentError, match=re.escape(f"--output {path} cannot be written: No such file")):
        refuse(path)
