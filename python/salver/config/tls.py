"""Where the credentials of a port come from: one text-format SSLConfig with PEM inside, or PEM files.

Reading is in two steps, so that who watches the files can compare their bytes and need not understand them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from salver.boundary import Pem, TlsConfig
from salver.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError

SSL_CONFIG = "tensorflow.serving.SSLConfig"

Texts: TypeAlias = tuple[bytes, ...]
"""What the files of a source hold, in the order of its `paths`."""


@dataclass(frozen=True)
class SslConfigFile:
    """A file with an SSLConfig in protobuf text format, as TensorFlow Serving has it."""

    path: str

    @property
    def paths(self) -> tuple[str, ...]:
        """The files to read."""
        return (self.path,)

    def config(self, texts: Texts) -> TlsConfig:
        """Turn what the file holds into credentials; raises InvalidArgumentError."""
        from salver.wire import parse_text  # here, because it loads protobuf

        try:
            message = parse_text(texts[0].decode(), SSL_CONFIG, source=self.path, is_secret=True)
        except UnicodeDecodeError:
            raise InvalidArgumentError(f"Error parsing text-format {SSL_CONFIG}: {self.path}: not UTF-8") from None
        if message.client_verify and not message.custom_ca:
            raise InvalidArgumentError(f"{self.path}: client_verify is set, but custom_ca is empty")
        return TlsConfig(
            certificate=self._pem("server_cert", message.server_cert),
            key=self._pem("server_key", message.server_key),
            client_ca=self._pem("custom_ca", message.custom_ca) if message.client_verify else None,
        )

    def _pem(self, name: str, text: str) -> Pem:
        return Pem(f"{self.path}: {name}", text.encode())


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """PEM files, as certificate managers write them."""

    certificate: str
    """The certificate chain, the server's own first."""
    key: str
    """Its private key, unencrypted."""
    client_ca: str | None = None
    """Where set, every client must show a certificate that one of these has signed."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files to read."""
        return (self.certificate, self.key, *([self.client_ca] if self.client_ca else []))

    def config(self, texts: Texts) -> TlsConfig:
        """Turn what the files hold into credentials."""
        certificate, key, *client_ca = map(Pem, self.paths, texts)
        return TlsConfig(certificate=certificate, key=key, client_ca=client_ca[0] if client_ca else None)


TlsSource: TypeAlias = SslConfigFile | TlsFiles


def read_texts(source: TlsSource) -> Texts:
    """Read all files of a source.

    Raises:
        NotFoundError: One of them does not exist.
        FailedPreconditionError: One of them cannot be read.
    """
    return tuple(map(_read, source.paths))


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"there is no TLS file {path}") from None
    except OSError as error:
        raise FailedPreconditionError(f"cannot read TLS file {path}: {error.strerror}") from None
