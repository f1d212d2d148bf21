import subprocess
import sys

import pytest
from google.protobuf import descriptor_pool

from salver import wire


def test_every_annotated_name_is_a_message_class():
    for name in wire.__annotations__:
        assert getattr(wire, name)().SerializeToString() == b""


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="NoSuchMessage"):
        wire.NoSuchMessage  # noqa: B018


def test_an_unknown_full_name_is_a_key_error():
    with pytest.raises(KeyError):
        wire.message_class("tensorflow.serving.NoSuchMessage")


def test_nothing_enters_the_default_pool():
    program = """
from google.protobuf import descriptor_pool
from salver import wire
wire.ModelServerConfig(), wire.HealthCheckRequest(), wire.PredictRequest()
for name in ("tensorflow.TensorProto", "tensorflow.serving.ModelSpec", "grpc.health.v1.HealthCheckRequest"):
    try:
        descriptor_pool.Default().FindMessageTypeByName(name)
    except KeyError:
        continue
    raise SystemExit(name)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_unknown_content_of_a_graph_survives():
    graph = b"\x0a\x03\x0a\x01x"  # node { name: "x" }
    meta_graph = b"\x12" + bytes([len(graph)]) + graph
    assert wire.MetaGraphDef.FromString(meta_graph).SerializeToString() == meta_graph


def test_services_are_declared():
    services = {
        "tensorflow.serving.PredictionService": [
            "Classify",
            "Regress",
            "Predict",
            "MultiInference",
            "GetModelMetadata",
        ],
        "tensorflow.serving.ModelService": ["GetModelStatus", "HandleReloadConfigRequest"],
        "tensorflow.serving.SessionService": ["SessionRun"],
        "grpc.health.v1.Health": ["Check", "List", "Watch"],
        "grpc.reflection.v1.ServerReflection": ["ServerReflectionInfo"],
        "grpc.reflection.v1alpha.ServerReflection": ["ServerReflectionInfo"],
    }
    for name, methods in services.items():
        assert [method.name for method in wire.pool().FindServiceByName(name).methods] == methods


def test_the_pool_is_not_the_default_one():
    assert wire.pool() is not descriptor_pool.Default()
