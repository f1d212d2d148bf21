from __future__ import annotations

import pytest

from salver.config.flags import FLAGS
from salver.config.tls import SslConfigFile, TlsFiles
from salver.config.tls_flags import grpc_tls, rest_tls, tls_problems


def values(**given):
    return {flag.name: flag.default for flag in FLAGS.values()} | given


FILES = {"ssl_cert_file": "/c", "ssl_key_file": "/k"}


@pytest.mark.parametrize(
    ("given", "grpc", "rest"),
    [
        ({}, None, None),
        ({"ssl_config_file": "/s"}, SslConfigFile("/s"), None),
        ({"ssl_config_file": "/s", "rest_api_use_tls": True}, SslConfigFile("/s"), SslConfigFile("/s")),
        ({"rest_api_ssl_config_file": "/r"}, None, SslConfigFile("/r")),
        (FILES, TlsFiles(certificate="/c", key="/k"), None),
        (
            {**FILES, "ssl_client_ca_file": "/a", "rest_api_ssl_config_file": "/r"},
            TlsFiles(certificate="/c", key="/k", client_ca="/a"),
            SslConfigFile("/r"),
        ),
    ],
)
def test_flags_that_go_together(given, grpc, rest):
    assert tls_problems(values(**given)) == []
    assert (grpc_tls(values(**given)), rest_tls(values(**given))) == (grpc, rest)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({**FILES, "ssl_config_file": "/s"}, "--ssl_config_file and --ssl_cert_file contradict each other"),
        ({"ssl_cert_file": "/c"}, "--ssl_cert_file and --ssl_key_file are needed together"),
        ({"ssl_key_file": "/k"}, "--ssl_cert_file and --ssl_key_file are needed together"),
        ({"ssl_client_ca_file": "/a"}, "--ssl_cert_file and --ssl_key_file are needed together"),
        ({"rest_api_use_tls": True}, "there are no credentials"),
        ({**FILES, "rest_api_use_tls": True, "rest_api_ssl_config_file": "/r"}, "contradict each other"),
    ],
)
def test_flags_that_do_not_go_together(given, told):
    (problem,) = tls_problems(values(**given))
    assert told in problem
