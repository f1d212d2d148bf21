"""The TLS flags: which credentials each port has, and which flags contradict each other."""

from __future__ import annotations

from collections.abc import Mapping

from salver.config.flag import FlagValue
from salver.config.tls import SslConfigFile, TlsFiles, TlsSource


def tls_problems(values: Mapping[str, FlagValue]) -> list[str]:
    """What does not go together, one line each."""
    problems = []
    files = [name for name in ("ssl_cert_file", "ssl_key_file", "ssl_client_ca_file") if values[name]]
    if files and values["ssl_config_file"]:
        problems.append(f"--ssl_config_file and --{files[0]} contradict each other: both set the gRPC credentials")
    elif files and not (values["ssl_cert_file"] and values["ssl_key_file"]):
        problems.append(f"--{files[0]} is set, but --ssl_cert_file and --ssl_key_file are needed together")
    if values["rest_api_use_tls"] and values["rest_api_ssl_config_file"]:
        problems.append("--rest_api_use_tls and --rest_api_ssl_config_file contradict each other")
    elif values["rest_api_use_tls"] and not (files or values["ssl_config_file"]):
        problems.append("--rest_api_use_tls is set, but there are no credentials: --ssl_config_file or --ssl_cert_file")
    return problems


def grpc_tls(values: Mapping[str, FlagValue]) -> TlsSource | None:
    """The credentials of the gRPC port and socket; None is plain text."""
    if values["ssl_config_file"]:
        return SslConfigFile(str(values["ssl_config_file"]))
    if values["ssl_cert_file"]:
        return TlsFiles(
            certificate=str(values["ssl_cert_file"]),
            key=str(values["ssl_key_file"]),
            client_ca=str(values["ssl_client_ca_file"]) or None,
        )
    return None


def rest_tls(values: Mapping[str, FlagValue]) -> TlsSource | None:
    """The credentials of the REST port; None is plain text."""
    if values["rest_api_ssl_config_file"]:
        return SslConfigFile(str(values["rest_api_ssl_config_file"]))
    return grpc_tls(values) if values["rest_api_use_tls"] else None
