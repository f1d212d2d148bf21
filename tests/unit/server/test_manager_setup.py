import pytest

from salver.config import AspiredVersionPolicyName, ModelConfig, ServerConfig
from salver.core.aspired_version_policy import availability_preserving_policy, resource_preserving_policy
from salver.core.event_bus import EventBus
from salver.servables.tflite.options import TfLiteOptions
from salver.server import manager_setup


def options(**settings):
    return manager_setup.manager_options(
        ServerConfig(**settings), EventBus(), [], lambda _: availability_preserving_policy
    )


def policy_of(config, **settings):
    return manager_setup.policies(config, [ModelConfig(name="m", base_path="/m", **settings)])["m"]


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        (AspiredVersionPolicyName.AVAILABILITY_PRESERVING, availability_preserving_policy),
        (AspiredVersionPolicyName.RESOURCE_PRESERVING, resource_preserving_policy),
    ],
)
def test_policy_is_the_servers_unless_the_model_has_one_of_its_own(name, policy):
    assert policy_of(ServerConfig(aspired_version_policy=name)) is policy
    assert policy_of(ServerConfig(), aspired_version_policy=name) is policy


def test_every_policy_name_has_a_policy():
    for name in AspiredVersionPolicyName:
        assert policy_of(ServerConfig(aspired_version_policy=name))


def test_pauses_between_attempts_grow_up_to_the_interval():
    backoff = options(load_retry_interval_s=5.0).failed_version_backoff
    assert [backoff.delay_s(n) for n in range(1, 6)] == [1, 2, 4, 5, 5]


def test_short_interval_is_the_first_pause_too():
    assert options(load_retry_interval_s=0.0).failed_version_backoff.delay_s(3) == 0


def test_without_retries_a_failed_version_stays_failed():
    assert options(max_num_load_retries=0).failed_version_backoff is None


def test_retries_are_without_end_unless_their_number_is_given():
    assert options().failed_version_max_retries is None
    assert options(max_num_load_retries=3).failed_version_max_retries == 3


def test_loads_and_unloads_always_have_threads_of_their_own():
    assert options(num_load_threads=0).num_load_threads == 1
    assert options(num_load_threads=3, num_unload_threads=2).num_load_threads == 3
    assert options().num_load_threads > 1


def test_memory_limit_is_off_by_default():
    assert options().resource_tracker is None
    assert "1000" in str(options(total_model_memory_limit_bytes=1000).resource_tracker.total)


def test_asking_for_several_operations_at_a_time_takes_tensorflows_pool():
    assert manager_setup.tensorflow_options(ServerConfig()).run_in_caller is None
    assert manager_setup.tensorflow_options(ServerConfig(tensorflow_inter_op_threads=1)).run_in_caller
    assert manager_setup.tensorflow_options(ServerConfig(tensorflow_inter_op_threads=4)).run_in_caller is False


def test_data_plane_gets_limits_and_forms():
    config = ServerConfig(
        num_io_threads=3,
        num_runners=5,
        max_message_bytes=10,
        rest_timeout_s=None,
        enable_serialization_as_tensor_content=True,
    )
    made = manager_setup.data_plane_options(config)
    assert (made.num_io_threads, made.num_runners, made.max_message_bytes) == (3, 5, 10)
    assert (made.rest_timeout_s, made.tensor_content) == (None, True)


def test_tflite_has_an_interpreter_for_each_cpu_unless_their_number_is_given():
    config = ServerConfig(prefer_tflite=True, num_tflite_interpreters_per_pool=2)
    assert manager_setup.tflite_options(config) == TfLiteOptions(
        prefer_tflite=True, num_pools=manager_setup.num_cpus(), num_interpreters_per_pool=2
    )
    assert manager_setup.tflite_options(ServerConfig(num_tflite_pools=3)).max_interpreters == 3
