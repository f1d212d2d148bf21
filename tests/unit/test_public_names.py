import subprocess
import sys

import pytest

import salver


def test_public_names_are_these():
    assert salver.__all__ == [
        "All",
        "CallableServable",
        "Code",
        "Latest",
        "Loader",
        "LoaderFactory",
        "ManagerState",
        "ModelConfig",
        "Platform",
        "PlatformContext",
        "SalverError",
        "Servable",
        "ServableId",
        "ServableRequest",
        "ServableState",
        "Server",
        "ServerConfig",
        "SignatureSpec",
        "Specific",
        "TensorSpec",
    ]


@pytest.mark.parametrize("name", salver.__all__)
def test_public_name_can_be_imported(name):
    assert getattr(salver, name) is not None
    assert name in dir(salver)


def test_other_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = salver.nothing


def _modules_after(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    )


def test_importing_the_package_imports_no_part_of_it():
    assert {name for name in _modules_after("import salver") if name.startswith("salver")} == {"salver"}


def test_importing_the_server_leaves_out_what_a_start_does_not_need():
    heavy = {"numpy", "google.protobuf", "importlib.metadata", "asyncio", "rich", "ctypes", "tensorflow"}
    heavy |= {"salver._native", "salver.wire"}
    assert not heavy & _modules_after("import salver.server.server")
