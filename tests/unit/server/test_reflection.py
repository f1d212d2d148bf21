import pytest
from google.protobuf import descriptor_pb2

from salver.errors import InvalidArgumentError
from salver.server.reflection import SERVICES, reflection_methods
from salver.wire.pool import message_class


@pytest.fixture(params=["v1", "v1alpha"])
def ask(request):
    package = f"grpc.reflection.{request.param}"
    method = reflection_methods()[f"/{package}.ServerReflection/ServerReflectionInfo"]

    def ask(**fields):
        body = message_class(f"{package}.ServerReflectionRequest")(**fields).SerializeToString()
        return message_class(f"{package}.ServerReflectionResponse").FromString(method(body))

    return ask


def files(answer):
    serialized = answer.file_descriptor_response.file_descriptor_proto
    return [descriptor_pb2.FileDescriptorProto.FromString(file) for file in serialized]


def test_services_are_listed(ask):
    answer = ask(host="h", list_services="")
    assert [service.name for service in answer.list_services_response.service] == list(SERVICES)
    assert answer.valid_host == "h"
    assert answer.original_request.WhichOneof("message_request") == "list_services"


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_can_be_described(ask, service):
    first = files(ask(file_containing_symbol=service))[0]
    assert service in {f"{first.package}.{found.name}" for found in first.service}


def test_file_comes_with_all_that_it_imports_once(ask):
    found = files(ask(file_by_filename="tensorflow_serving/apis/predict.proto"))
    names = [file.name for file in found]
    assert names[0] == "tensorflow_serving/apis/predict.proto"
    assert len(names) == len(set(names))
    assert {imported for file in found for imported in file.dependency} <= set(names)


@pytest.mark.parametrize(
    "fields",
    [
        {"file_by_filename": "nothing.proto"},
        {"file_containing_symbol": "no.Such"},
        {"all_extension_numbers_of_type": "no.Such"},
        {"file_containing_extension": {"containing_type": "tensorflow.TensorProto", "extension_number": 1}},
    ],
)
def test_what_is_not_there_is_an_answer_too(ask, fields):
    assert ask(**fields).error_response.error_code == 5


def test_messages_have_no_extensions(ask):
    answer = ask(all_extension_numbers_of_type="tensorflow.TensorProto").all_extension_numbers_response
    assert answer.base_type_name == "tensorflow.TensorProto"
    assert not answer.extension_number


def test_empty_request_is_an_answer_too(ask):
    assert ask().error_response.error_code == 3


def test_garbage_is_an_invalid_argument():
    for method in reflection_methods().values():
        with pytest.raises(InvalidArgumentError):
            method(b"\xff\xff")
