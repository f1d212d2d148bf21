import pytest

from salver.bench.load_tls import load_tls
from salver.errors import InvalidArgumentError
from salver.terminal.tls_options import TlsChoice


def test_an_authority_and_a_name_are_those_given(tmp_path):
    (tmp_path / "ca.pem").write_bytes(b"roots")
    tls = load_tls(TlsChoice(ca=str(tmp_path / "ca.pem"), server_name="other"), "h")
    assert (tls.server_name, tls.roots, tls.identity) == ("other", b"roots", None)


def test_by_default_the_machines_own_authorities_are_believed(tmp_path, monkeypatch):
    (tmp_path / "system.pem").write_bytes(b"system")
    monkeypatch.setattr(
        "ssl.get_default_verify_paths", lambda: Paths(str(tmp_path / "none"), str(tmp_path / "system.pem"))
    )
    assert load_tls(TlsChoice(is_wanted=True), "h").roots == b"system"


def test_a_machine_without_authorities_needs_them_named(monkeypatch):
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: Paths(None, "/nowhere/ca.pem"))
    with pytest.raises(InvalidArgumentError, match="name one with --cacert"):
        load_tls(TlsChoice(is_wanted=True), "h")


class Paths:
    def __init__(self, cafile, openssl_cafile):
        self.cafile, self.openssl_cafile = cafile, openssl_cafile
