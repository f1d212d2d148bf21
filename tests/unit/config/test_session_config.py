import pytest

from salver.config import ServerConfig
from salver.config.reader import read_server_config, read_settings
from salver.errors import InvalidArgumentError, NotFoundError
from salver.server.manager_setup import tensorflow_options
from salver.wire import ConfigProto


def read(*arguments: str) -> ServerConfig:
    return read_server_config(read_settings(["--model_base_path=/m", *arguments], {}))


def session(*arguments: str):
    return ConfigProto.FromString(tensorflow_options(read(*arguments)).session_config)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "session.pbtxt"
    path.write_text("graph_options { optimizer_options { global_jit_level: OFF } } intra_op_parallelism_threads: 3")
    return path


def test_without_flags_the_options_are_the_default_ones():
    assert read().tensorflow_session_config == b""


def test_file_is_passed_to_tensorflow(file):
    config = session(f"--tensorflow_session_config_file={file}")
    assert config.graph_options.optimizer_options.global_jit_level == -1
    assert config.intra_op_parallelism_threads == 3


def test_flags_that_are_given_go_before_the_file(file):
    flags = ("--tensorflow_intra_op_parallelism=5", "--per_process_gpu_memory_fraction=0.25")
    config = read(f"--tensorflow_session_config_file={file}", *flags)
    assert config.tensorflow_intra_op_threads == 5
    assert config.tensorflow_inter_op_threads is None
    options = ConfigProto.FromString(config.tensorflow_session_config)
    assert options.gpu_options.per_process_gpu_memory_fraction == 0.25
    assert options.graph_options.optimizer_options.global_jit_level == -1


def test_threads_of_the_file_count_as_if_flags_gave_them(file):
    file.write_text("inter_op_parallelism_threads: 4")
    options = tensorflow_options(read(f"--tensorflow_session_config_file={file}"))
    assert (options.inter_op_threads, options.intra_op_threads, options.run_in_caller) == (4, None, False)


def test_bfloat16_turns_a_rewriter_on():
    rewriter = session("--mixed_precision=bfloat16").graph_options.rewrite_options
    assert rewriter.auto_mixed_precision_onednn_bfloat16 == type(rewriter).ON


def test_other_precisions_get_a_warning(caplog):
    assert read("--mixed_precision=float8").tensorflow_session_config == b""
    assert "--mixed_precision: 'float8' has no effect; only bfloat16 is supported" in caplog.messages


def test_verifiers_and_optimizers_of_the_graph_can_be_configured(file):
    file.write_text(
        """graph_options { rewrite_options {
             custom_optimizers { name: "mine" parameter_map { key: "k" value { i: 3 } } }
             inter_optimizer_verifier_config { structure_verifier: ON }
             post_optimization_verifier_config { verification_timeout_in_ms: 5 } } }"""
    )
    rewriter = session(f"--tensorflow_session_config_file={file}").graph_options.rewrite_options
    assert rewriter.custom_optimizers[0].parameter_map["k"].i == 3
    assert rewriter.post_optimization_verifier_config.verification_timeout_in_ms == 5


@pytest.mark.parametrize("fraction", ["-0.1", "1.5", "nan"])
def test_gpu_memory_is_a_fraction(fraction):
    with pytest.raises(InvalidArgumentError, match="per_process_gpu_memory_fraction"):
        read(f"--per_process_gpu_memory_fraction={fraction}")


def test_wrong_file_is_an_error(file):
    file.write_text("intra_op_threads: 1")
    with pytest.raises(InvalidArgumentError, match=r"text-format tensorflow\.ConfigProto: .*session\.pbtxt:1:1"):
        read(f"--tensorflow_session_config_file={file}")
    with pytest.raises(NotFoundError, match="there is no session config file /none"):
        read("--tensorflow_session_config_file=/none")
