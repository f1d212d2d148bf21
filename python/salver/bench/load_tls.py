"""TLS of a server under load."""

from __future__ import annotations

import ssl
from pathlib import Path

from salver.boundary.load import LoadTls
from salver.errors import InvalidArgumentError
from salver.terminal.tls_options import TlsChoice


def load_tls(choice: TlsChoice, host: str) -> LoadTls:
    """Return what a server at `host` is met with.

    Raises:
        InvalidArgumentError: A file cannot be read.
    """
    identity = None
    if choice.certificate is not None and choice.key is not None:
        identity = (_read("--cert", choice.certificate), _read("--key", choice.key))
    roots = _system_roots() if choice.ca is None else _read("--cacert", choice.ca)
    return LoadTls(server_name=choice.server_name or host, roots=roots, identity=identity)


def _system_roots() -> bytes:
    """The authorities that this machine trusts."""
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, paths.openssl_cafile):
        if path and Path(path).is_file():
            return Path(path).read_bytes()
    raise InvalidArgumentError("this machine has no list of authorities; name one with --cacert")


def _read(option: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidArgumentError(f"{option} {path} cannot be read: {error.strerror}") from None
