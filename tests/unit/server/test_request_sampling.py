import pytest

from salver import wire
from salver.config.server_config import RequestLoggingConfig, TaskSamplingRate
from salver.server.request_sampling import LoggingTask, effective_rate, log_metadata

ANY = TaskSamplingRate(sampling_rate=0.1)
IN_A = TaskSamplingRate(sampling_rate=0.2, dc="a")
THIRD = TaskSamplingRate(sampling_rate=0.3, task_index=3)
THIRD_IN_A = TaskSamplingRate(sampling_rate=0.4, dc="a", task_index=3)
ZEROTH = TaskSamplingRate(sampling_rate=0.5, task_index=0)


def config(*task_rates):
    return RequestLoggingConfig(collector_type="", filename_prefix="/p", sampling_rate=0.9, task_rates=task_rates)


@pytest.mark.parametrize(
    ("task", "rates", "expected"),
    [
        (LoggingTask(), (), 0.9),
        (LoggingTask(), (ANY,), 0.1),
        (LoggingTask(), (IN_A, THIRD, ZEROTH), 0.9),
        (LoggingTask(), (IN_A, ANY), 0.1),
        (LoggingTask(dc="a"), (IN_A, ANY), 0.2),
        (LoggingTask(dc="a"), (ANY, IN_A), 0.1),
        (LoggingTask(dc="b"), (IN_A,), 0.9),
        (LoggingTask(index=3), (THIRD_IN_A, THIRD), 0.3),
        (LoggingTask(dc="a", index=3), (THIRD_IN_A, THIRD), 0.4),
        (LoggingTask(index=0), (THIRD, ZEROTH), 0.5),
    ],
)
def test_the_first_rate_that_is_meant_for_this_server_counts(task, rates, expected):
    assert effective_rate(config(*rates), task) == expected


def test_metadata_says_what_was_in_effect():
    metadata = wire.LogMetadata.FromString(log_metadata(config(IN_A), LoggingTask(dc="a"), ("serve", "gpu")))
    assert metadata.sampling_config.sampling_rate == 0.2
    assert not metadata.sampling_config.per_task_sampling_configs
    assert list(metadata.saved_model_tags) == ["serve", "gpu"]
    assert metadata.dc == "a"
