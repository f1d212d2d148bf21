import pytest

from salver.bench.tls_options import TlsOptions
from salver.errors import InvalidArgumentError


def test_without_an_option_it_is_plain_text():
    assert TlsOptions().tls("h") is None


def test_an_authority_alone_asks_for_tls(tmp_path):
    (tmp_path / "ca.pem").write_bytes(b"roots")
    tls = TlsOptions(ca=str(tmp_path / "ca.pem"), server_name="other").tls("h")
    assert (tls.server_name, tls.roots, tls.identity) == ("other", b"roots", None)


def test_by_default_the_machines_own_authorities_are_believed(tmp_path, monkeypatch):
    (tmp_path / "system.pem").write_bytes(b"system")
    monkeypatch.setattr(
        "ssl.get_default_verify_paths", lambda: Paths(str(tmp_path / "none"), str(tmp_path / "system.pem"))
    )
    assert TlsOptions(is_wanted=True).tls("h").roots == b"system"


def test_a_machine_without_authorities_needs_them_named(monkeypatch):
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: Paths(None, "/nowhere/ca.pem"))
    with pytest.raises(InvalidArgumentError, match="name one with --tls-ca"):
        TlsOptions(is_wanted=True).tls("h")


class Paths:
    def __init__(self, cafile, openssl_cafile):
        self.cafile, self.openssl_cafile = cafile, openssl_cafile
