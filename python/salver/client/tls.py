"""How a client makes sure of its server, and says who it is itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salver.errors import InvalidArgumentError

if TYPE_CHECKING:
    import ssl

Path = str | os.PathLike[str]
WRONG_VERSION = "WRONG_VERSION_NUMBER"
"""What OpenSSL calls an answer that is no TLS."""
NO_TLS = "it does not speak TLS"


@dataclass(frozen=True)
class HttpsIdentity:
    """How connections are opened, and whose they should be."""

    context: ssl.SSLContext
    server_name: str


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Encrypted connections; files are PEM, read when a client is made."""

    root_certificates: Path | None = None
    """Who may have signed the server's certificate; None for those that the system trusts."""
    certificate: Path | None = None
    """The client's own, for servers that ask for one, with those that signed it."""
    key: Path | None = None
    """Of that certificate."""
    server_name: str | None = None
    """The name in the server's certificate where it is not that of the address."""

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InvalidArgumentError("Tls: certificate and key come together")

    def channel_credentials(self) -> Any:
        """For gRPC.

        Raises:
            InvalidArgumentError: A file cannot be read.
        """
        import grpc

        self.context()  # of what is wrong with a file gRPC tells in its log alone
        roots, key, certificate = (
            _content(field, getattr(self, field)) for field in ("root_certificates", "key", "certificate")
        )
        return grpc.ssl_channel_credentials(roots, key, certificate)

    def channel_options(self) -> list[tuple[str, Any]]:
        """For gRPC as well."""
        return [("grpc.ssl_target_name_override", self.server_name)] if self.server_name else []

    def identity(self, host: str) -> HttpsIdentity:
        """For HTTPS; raises as `context` does."""
        return HttpsIdentity(self.context(), self.server_name or host)

    def context(self) -> ssl.SSLContext:
        """How to open a connection.

        Raises:
            InvalidArgumentError: A file cannot be read, or is not what it should be.
        """
        import ssl

        roots = _content("root_certificates", self.root_certificates)
        _content("certificate", self.certificate)
        _content("key", self.key)
        try:
            context = ssl.create_default_context(cadata=roots.decode("ascii", "replace") if roots else None)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except ssl.SSLError as error:
            raise InvalidArgumentError(f"Tls: not a certificate, or not its key: {error.reason or error}") from error
        return context


def _content(field: str, path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InvalidArgumentError(f"Tls.{field}: cannot be read: {error.strerror}") from None
