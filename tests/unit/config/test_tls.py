from __future__ import annotations

import pytest

from salver.config.tls import SslConfigFile, TlsFiles, read_texts
from salver.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError

PEM = "-----BEGIN PRIVATE KEY-----\\nc2VjcmV0\\n-----END PRIVATE KEY-----\\n"


def ssl_config(text: str):
    return SslConfigFile("/ssl.config").config((text.encode(),))


def test_the_fields_of_an_ssl_config_become_credentials():
    config = ssl_config(f'server_key: "{PEM}" server_cert: "C" custom_ca: "A" client_verify: true')
    assert (config.key.source, config.key.text) == ("/ssl.config: server_key", PEM.replace("\\n", "\n").encode())
    assert (config.certificate.source, config.certificate.text) == ("/ssl.config: server_cert", b"C")
    assert config.client_ca is not None
    assert (config.client_ca.source, config.client_ca.text) == ("/ssl.config: custom_ca", b"A")


def test_clients_are_verified_only_where_it_is_asked_for():
    assert ssl_config('server_key: "K" server_cert: "C" custom_ca: "A"').client_ca is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("client_verify: true", "/ssl.config: client_verify is set, but custom_ca is empty"),
        ('server_keys: "K"', 'did you mean "server_key"?'),
        ("server_key: c2VjcmV0", "/ssl.config:1:13: malformed text"),
        ("c2VjcmV0: 1", "/ssl.config:1:1: malformed text"),
        (f'server_key: "{PEM}', "Error parsing text-format tensorflow.serving.SSLConfig: /ssl.config:1:"),
    ],
)
def test_what_is_wrong_is_told_without_the_key(text, told):
    with pytest.raises(InvalidArgumentError) as caught:
        ssl_config(text)
    assert told in caught.value.message
    assert "c2VjcmV0" not in caught.value.message


def test_a_file_that_is_no_text_is_told():
    with pytest.raises(InvalidArgumentError, match="not UTF-8"):
        SslConfigFile("/ssl.config").config((b"\xff",))


def test_pem_files_are_taken_as_they_are(tmp_path):
    for name in ("cert", "key", "ca"):
        (tmp_path / name).write_text(name)
    source = TlsFiles(certificate=str(tmp_path / "cert"), key=str(tmp_path / "key"), client_ca=str(tmp_path / "ca"))
    config = source.config(read_texts(source))
    assert [config.certificate.text, config.key.text] == [b"cert", b"key"]
    assert config.key.source == str(tmp_path / "key")
    assert config.client_ca is not None
    assert config.client_ca.text == b"ca"


def test_no_secret_is_shown():
    source = TlsFiles(certificate="/cert", key="/key")
    assert "secret" not in repr(source.config((b"cert", b"secret")))


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(NotFoundError, match="there is no TLS file /none"):
        read_texts(SslConfigFile("/none"))
    with pytest.raises(FailedPreconditionError, match=f"cannot read TLS file {tmp_path}: Is a directory"):
        read_texts(SslConfigFile(str(tmp_path)))
