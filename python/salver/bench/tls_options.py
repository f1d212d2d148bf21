"""TLS of a server under load, from the options of the command line."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from salver.boundary.load import LoadTls
from salver.errors import InvalidArgumentError


@dataclass(frozen=True, kw_only=True)
class TlsOptions:
    """Files, and whether TLS is wanted at all."""

    is_wanted: bool = False
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None

    def tls(self, host: str) -> LoadTls | None:
        """Return what a server at `host` is met with; None is plain text.

        Raises:
            InvalidArgumentError: A file cannot be read, or one of a pair is missing.
        """
        if not (self.is_wanted or self.ca or self.certificate or self.key or self.server_name):
            return None
        if (self.certificate is None) != (self.key is None):
            raise InvalidArgumentError("--tls-cert and --tls-key belong together")
        identity = None
        if self.certificate is not None and self.key is not None:
            identity = (_read("--tls-cert", self.certificate), _read("--tls-key", self.key))
        roots = _system_roots() if self.ca is None else _read("--tls-ca", self.ca)
        return LoadTls(server_name=self.server_name or host, roots=roots, identity=identity)


def _system_roots() -> bytes:
    """The authorities that this machine believes."""
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, paths.openssl_cafile):
        if path and Path(path).is_file():
            return Path(path).read_bytes()
    raise InvalidArgumentError("this machine has no list of authorities; name one with --tls-ca")


def _read(option: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidArgumentError(f"{option} {path} cannot be read: {error.strerror}") from None
