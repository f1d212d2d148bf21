import pytest

from salver.boundary import UNBATCHED
from salver.config.batching_checks import is_adaptive, problems_of_parameters, vain_parameters
from salver.config.batching_policy import policy_of
from salver.wire import parse_text

SPLIT = "enable_large_batch_splitting { value: true }"


def message(text):
    return parse_text(text, "salver.BatchingParameters")


@pytest.mark.parametrize(
    ("text", "adaptive"),
    [
        ("", True),
        ("num_batch_threads { value: 4 }", True),
        ("pad_variable_length_inputs: true weight: 2 max_queued_rows: 5", True),
        ("max_batch_size { value: 8 }", False),
        ("batch_timeout_micros {}", False),
        ("max_enqueued_batches { value: 4 }", False),
        ("enable_large_batch_splitting {}", False),
        ('batch_padding_policy: "PAD_UP"', False),
        ("low_priority_max_batch_size: 4", False),
        ("adaptive: true max_batch_size { value: 8 }", True),
        ("adaptive: true batch_timeout_micros {}", True),
        ("adaptive: false", False),
        ("latency_slo_ms: 20", True),
        ("latency_slo_ms: 20 max_batch_size { value: 8 }", True),
    ],
)
def test_a_field_of_a_static_queue_makes_it_static_unless_the_adaptive_mode_is_asked_for(text, adaptive):
    assert is_adaptive(message(text)) is adaptive
    assert policy_of(message(text)).is_adaptive is adaptive


def test_one_row_at_a_time_can_be_asked_for():
    assert policy_of(message("adaptive: true max_batch_size { value: 1 }")) == UNBATCHED


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("max_batch_size {}", "max_batch_size must be 1 or more, got 0"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros must be 0 or more, got -1"),
        ("max_enqueued_batches { value: -1 }", "max_enqueued_batches must be 0 or more, got -1"),
        ("num_batch_threads { value: -2 }", "num_batch_threads must be 1 or more, got -2"),
        ("max_in_flight_batches: 0", "max_in_flight_batches must be 1 or more, got 0"),
        ("max_queued_rows: 0", "max_queued_rows must be 1 or more, got 0"),
        ("max_queued_bytes: -5", "max_queued_bytes must be 1 or more, got -5"),
        ("weight: 0", "weight must be from 0.001 to 1000, got 0"),
        ("weight: inf", "weight must be from 0.001 to 1000, got inf"),
        ("latency_slo_ms: nan", "latency_slo_ms must be a number above 0, got nan"),
        (
            'batch_padding_policy: "PAD"',
            "batch_padding_policy must be one of PAD_UP, BATCH_DOWN, MINIMIZE_TPU_COST_PER_REQUEST, got 'PAD'",
        ),
        (
            "allowed_batch_sizes: 8",
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 1000",
        ),
        (
            f"{SPLIT} max_batch_size {{ value: 64 }} max_execution_batch_size {{ value: 8 }} allowed_batch_sizes: 8",
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 64",
        ),
        (
            "allowed_batch_sizes: [8, 4, 1000]",
            "allowed_batch_sizes entries must be above 0 and monotonically increasing, got 8, 4, 1000",
        ),
        (
            "allowed_batch_sizes: [0, 1000]",
            "allowed_batch_sizes entries must be above 0 and monotonically increasing, got 0, 1000",
        ),
        (
            f"{SPLIT} max_execution_batch_size {{ value: 2000 }}",
            "max_execution_batch_size is 2000, expected 1000 (max_batch_size) at most",
        ),
        (
            f"{SPLIT} max_enqueued_batches {{}}",
            "max_enqueued_batches must be 1 or more with enable_large_batch_splitting, got 0",
        ),
        (
            "adaptive: false latency_slo_ms: 5",
            "latency_slo_ms is set, which the adaptive mode holds, but adaptive is false",
        ),
        (
            "latency_slo_ms: 5 batch_timeout_micros {}",
            "batch_timeout_micros and latency_slo_ms are both set: set the number that should hold",
        ),
        (
            "latency_slo_ms: 5 max_enqueued_batches { value: 5 }",
            "max_enqueued_batches and latency_slo_ms are both set: set the number that should hold",
        ),
        (
            "low_priority_batch_timeout_micros: 1",
            "low_priority_batch_timeout_micros set without low_priority_max_batch_size",
        ),
        (
            "low_priority_max_batch_size: 8 low_priority_allowed_batch_sizes: 4",
            (
                "Last entry in low_priority_allowed_batch_sizes must match low_priority_max_batch_size; "
                "last entry was 4; expected 8"
            ),
        ),
        ("length_buckets {}", "length_buckets 1: limits must be above 0 and monotonically increasing, got none"),
        (
            "length_buckets { limits: [8, 8] }",
            "length_buckets 1: limits must be above 0 and monotonically increasing, got 8, 8",
        ),
        (
            "length_buckets { limits: 8 dimension: 0 }",
            "length_buckets 1: dimension must be 1 or more (0 is that of the rows), got 0",
        ),
        (
            'length_buckets { signature: "a" limits: 8 } length_buckets { signature: "a" limits: 9 }',
            "length_buckets 2: there are others for signature a before it",
        ),
    ],
)
def test_what_is_wrong_is_named(text, problem):
    assert problems_of_parameters(message(text)) == [problem]


@pytest.mark.parametrize(
    "text",
    [
        "max_enqueued_batches {}",
        "max_execution_batch_size { value: 2000 }",
        "adaptive: true allowed_batch_sizes: [8, 64]",
        "latency_slo_ms: 5 allowed_batch_sizes: [8, 64] max_batch_size { value: 64 }",
        "low_priority_max_batch_size: 0 low_priority_batch_timeout_micros: 5",
        'length_buckets { signature: "a" limits: 8 } length_buckets { limits: 8 }',
    ],
)
def test_what_has_a_meaning_is_right(text):
    assert problems_of_parameters(message(text)) == []


def test_all_problems_are_said():
    assert len(problems_of_parameters(message("max_batch_size {} weight: -1 length_buckets {}"))) == 3


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("adaptive: true batch_timeout_micros {} weight: 2", ["batch_timeout_micros"]),
        ("latency_slo_ms: 5 max_batch_size { value: 8 }", []),
        ("max_execution_batch_size { value: 5 }", ["max_execution_batch_size"]),
        (f"{SPLIT} max_execution_batch_size {{ value: 5 }}", []),
    ],
)
def test_what_is_said_in_vain_is_named(text, names):
    assert [name for name, _ in vain_parameters(message(text))] == names
