"""Certificates made by the `openssl` program, as an operator would make them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

OPENSSL = shutil.which("openssl")
_REQUEST = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256")


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; all its files lie in one folder."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._identity = Identity(folder / f"{name}.pem", folder / f"{name}.key")
        _openssl(
            "req", "-x509", *_REQUEST, "-days", "30", "-subj", f"/CN={name}",
            "-keyout", self._identity.key, "-out", self._identity.certificate,
        )  # fmt: skip

    @property
    def certificate(self) -> Path:
        """What its clients and servers trust."""
        return self._identity.certificate

    def sign(self, name: str, *, days: int = 30) -> Identity:
        """Make a certificate for localhost and 127.0.0.1."""
        identity = Identity(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        _openssl("req", "-new", *_REQUEST, "-subj", f"/CN={name}", "-keyout", identity.key, "-out", request)
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._identity.key, "-CAcreateserial",
            "-days", days, "-extfile", extensions, "-out", identity.certificate,
        )  # fmt: skip
        return identity

    def client_context(self, identity: Identity | None = None) -> ssl.SSLContext:
        """How a client of this authority's servers opens HTTPS."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if identity is not None:
            context.load_cert_chain(identity.certificate, identity.key)
        return context


def ssl_config(path: Path, identity: Identity, *, client_ca: Path | None = None) -> Path:
    """Write an SSLConfig in text format."""
    fields = {"server_key": identity.key.read_text(), "server_cert": identity.certificate.read_text()}
    if client_ca is not None:
        fields["custom_ca"] = client_ca.read_text()
    lines = [f'{name}: "{text.encode("unicode_escape").decode()}"' for name, text in fields.items()]
    path.write_text("\n".join([*lines, f"client_verify: {str(client_ca is not None).lower()}", ""]))
    return path


def _openssl(*arguments: object) -> None:
    assert OPENSSL, "the openssl program is needed to make certificates: install the package openssl"
    done = subprocess.run([OPENSSL, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
