import pytest

from salver.errors import FailedPreconditionError, InvalidArgumentError
from salver.server.followed_file import FollowedFile


class File:
    """A text that a test sets; an error is what comes of reading it."""

    def __init__(self, text):
        self.text = text
        self.followed = FollowedFile(self.read, self.parse)

    def read(self):
        if isinstance(self.text, Exception):
            raise self.text
        return self.text

    def parse(self, text):
        if text == "bad":
            raise InvalidArgumentError("bad")
        return [text]


def test_first_look_gives_what_it_says():
    file = File("a")
    assert file.followed.changed() == ["a"]
    assert file.followed.changed() is None


def test_what_was_loaded_is_given_once_it_has_changed():
    file = File("a")
    assert file.followed.load() == ["a"]
    assert file.followed.changed() is None
    file.text = "b"
    assert file.followed.changed() == ["b"]


def test_absence_that_means_something_is_a_content_too():
    file = File(None)
    assert file.followed.load() == [None]
    assert file.followed.changed() is None
    file.text = "a"
    assert file.followed.changed() == ["a"]
    file.text = None
    assert file.followed.changed() == [None]


def test_wrong_content_is_said_once():
    file = File("a")
    file.followed.load()
    file.text = "bad"
    with pytest.raises(InvalidArgumentError):
        file.followed.changed()
    assert file.followed.changed() is None
    file.text = "a"
    assert file.followed.changed() == ["a"]


def test_file_that_cannot_be_read_is_said_once_until_it_can():
    file = File("a")
    file.followed.load()
    for _ in range(2):
        file.text = FailedPreconditionError("no permission")
        with pytest.raises(FailedPreconditionError):
            file.followed.changed()
        assert file.followed.changed() is None
        file.text = "a"
        assert file.followed.changed() is None
