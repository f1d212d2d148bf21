import base64
import json
from dataclasses import asdict

import numpy as np
import pytest

from salver.errors import FailedPreconditionError, InvalidArgumentError
from salver.tune.profile_document import ask_for_profile, encoded_input, read_profile


def test_a_profile_is_read_as_it_was_sent(profile):
    assert read_profile(json.loads(json.dumps({**asdict(profile), "newer": 1}))) == profile


@pytest.mark.parametrize("document", [None, [], {}, {"points": [1], "policy": {}}, {"points": [], "policy": {}}])
def test_what_is_no_profile_is_told(document):
    with pytest.raises(FailedPreconditionError, match="the answer of the server is not understood"):
        read_profile(document)


def test_the_request_waits_for_longer_than_the_profile_takes(profile):
    class Client:
        def post(self, path, document, timeout_s):
            self.asked = (path, document, timeout_s > document["limit_s"])
            return json.loads(json.dumps(asdict(profile)))

    client = Client()
    assert ask_for_profile(client, "a/b", {"limit_s": 5.0}) == profile
    assert client.asked == ("/v1/batching/a%2Fb:profile", {"limit_s": 5.0}, True)


def test_files_of_numpy_are_sent_whole(tmp_path):
    file = tmp_path / "x.npy"
    np.save(file, np.array([1.0]))
    assert base64.b64decode(encoded_input("x", str(file))) == file.read_bytes()


def test_other_files_are_refused(tmp_path):
    file = tmp_path / "x.npy"
    with pytest.raises(InvalidArgumentError, match=r"input x: .*x.npy cannot be read: No such file"):
        encoded_input("x", str(file))
    file.write_bytes(b"text")
    with pytest.raises(InvalidArgumentError, match=r"x.npy is no array as numpy.save writes it"):
        encoded_input("x", str(file))
