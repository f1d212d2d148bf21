"""What a program pays, and needs, for the client alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

import salver.client

BARRED = """
import sys

class Bar:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BARRED or name in BARRED:
            raise ImportError(f"{name} is barred")

sys.meta_path.insert(0, Bar())
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def barred(*names: str) -> str:
    return f"BARRED = {names!r}\n{BARRED}"


def test_public_names_are_these():
    assert salver.client.__all__ == [
        "AsyncClient",
        "CallOptions",
        "Classification",
        "Client",
        "ClientOptions",
        "InferenceTask",
        "Label",
        "ModelMetadata",
        "ModelOptions",
        "Prediction",
        "Regression",
        "RetryPolicy",
        "Signature",
        "TensorInfo",
        "Tls",
        "VersionState",
        "VersionStatus",
    ]


@pytest.mark.parametrize("name", salver.client.__all__)
def test_public_name_can_be_imported(name):
    assert getattr(salver.client, name).__name__ == name
    assert name in dir(salver.client)


def test_other_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = salver.client.nothing


def test_importing_the_package_imports_no_part_of_it():
    loaded = run("import salver.client, sys; print(*sys.modules)").split()
    assert {name for name in loaded if name.startswith("salver")} == {"salver", "salver.client"}


def test_both_protocols_work_without_the_extension_and_without_tensorflow():
    program = barred(
        "salver._native", "tensorflow", "tensorflow_serving", "click", "rich", "ml_dtypes", "google_crc32c"
    )
    program += """
import asyncio, sys
from salver.client import AsyncClient, Client
from salver.errors import UnavailableError

for address in ("127.0.0.1:1", "http://127.0.0.1:1"):
    with Client(address, retry=None) as client:
        for call in (client.predict, client.model_status, client.model_metadata):
            try:
                call("m", {"x": [1.0]}) if call == client.predict else call("m")
            except UnavailableError:
                print("away")
    async def ask():
        async with AsyncClient(address, retry=None) as client:
            try:
                await client.classify("m", [{"x": 1.0}])
            except UnavailableError:
                print("away")
    asyncio.run(ask())
assert not {"salver._native", "salver.server", "salver.core"} & set(sys.modules)
"""
    assert run(program).split() == ["away"] * 8


def test_rest_needs_neither_grpcio_nor_protobuf():
    program = barred("grpc", "google.protobuf")
    program += """
from salver.client import Client
from salver.errors import UnavailableError

with Client("http://127.0.0.1:1", retry=None) as client:
    for call in (client.model_status, client.model_metadata):
        try:
            call("m")
        except UnavailableError:
            print("away")
"""
    assert run(program).split() == ["away"] * 2
