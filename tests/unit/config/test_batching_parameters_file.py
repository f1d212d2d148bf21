import pytest

from salver.config.batching_parameters import BatchingParameters
from salver.config.batching_parameters_file import read_batching_parameters
from salver.errors import InvalidArgumentError, NotFoundError


@pytest.fixture
def read(tmp_path):
    def read(text):
        file = tmp_path / "batching.pbtxt"
        file.write_text(text)
        return read_batching_parameters(str(file))

    return read


def test_empty_file_has_the_known_defaults(read, caplog):
    parameters = read("")
    assert parameters == BatchingParameters()
    assert (parameters.max_batch_size, parameters.batch_timeout_s, parameters.max_enqueued_batches) == (1000, 0, 10)
    assert caplog.messages == []


def test_all_parameters_are_read(read):
    parameters = read(
        """
        max_batch_size { value: 256 }
        batch_timeout_micros { value: 2500 }
        max_enqueued_batches { value: 16 }
        num_batch_threads { value: 8 }
        allowed_batch_sizes: 64
        allowed_batch_sizes: 256
        pad_variable_length_inputs: true
        enable_large_batch_splitting { value: true }
        max_execution_batch_size { value: 64 }
        """
    )
    assert parameters == BatchingParameters(
        max_batch_size=256,
        batch_timeout_s=0.0025,
        max_enqueued_batches=16,
        num_batch_threads=8,
        allowed_batch_sizes=(64, 256),
        pad_variable_length_inputs=True,
        enable_large_batch_splitting=True,
        max_execution_batch_size=64,
    )
    assert parameters.max_rows == 64


def test_rows_of_a_batch_are_bounded_by_its_size(read):
    assert read("max_batch_size { value: 32 }").max_rows == 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_batch_size { value: 0 }", "max_batch_size must be 1 or more, got 0"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros must be 0 or more, got -1"),
        ("max_enqueued_batches {}", "max_enqueued_batches must be 1 or more, got 0"),
        ("num_batch_threads { value: -2 }", "num_batch_threads must be 1 or more, got -2"),
        (
            "allowed_batch_sizes: 8",
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 1000",
        ),
        ("allowed_batch_sizes: [8, 4, 1000]", "ascending, got 8, 4, 1000"),
        ("allowed_batch_sizes: [0, 1000]", "above 0 and ascending, got 0, 1000"),
        ("max_execution_batch_size { value: 4 }", "without enable_large_batch_splitting"),
        (
            "enable_large_batch_splitting { value: true } max_execution_batch_size { value: 2000 }",
            "max_execution_batch_size is 2000, expected 1000",
        ),
        ("max_batchsize { value: 1 }", 'did you mean "max_batch_size"?'),
    ],
)
def test_wrong_parameters_are_named(read, text, expected):
    with pytest.raises(InvalidArgumentError) as caught:
        read(text)
    assert expected in caught.value.message
    assert "batching.pbtxt" in caught.value.message


def test_all_problems_are_said_at_once(read):
    with pytest.raises(InvalidArgumentError, match="(?s)max_batch_size must.*num_batch_threads must"):
        read("max_batch_size { value: -1 } num_batch_threads { value: 0 }")


def test_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="there is no batching parameters file"):
        read_batching_parameters(str(tmp_path / "none"))


def test_one_warning_names_all_parameters_without_effect(read, caplog):
    read('max_batch_size { value: 8 } batch_timeout_micros {} thread_pool_name { value: "x" }')
    (line,) = caplog.messages
    assert "batch_timeout_micros, thread_pool_name without effect" in line
    assert "max_batch_size" not in line


@pytest.mark.parametrize(("is_for_server", "num_warnings"), [(True, 0), (False, 1)])
def test_threads_of_a_version_are_named_as_without_effect(tmp_path, caplog, is_for_server, num_warnings):
    file = tmp_path / "batching_params.pbtxt"
    file.write_text("num_batch_threads { value: 3 }")
    read_batching_parameters(str(file), is_for_server=is_for_server)
    assert [line.split(": ")[1] for line in caplog.messages] == ["num_batch_threads without effect"] * num_warnings
