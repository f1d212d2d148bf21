from salver.boundary import BatchingPolicy, LengthBuckets, LowPriority
from salver.config.batching_policy import policy_of
from salver.wire import parse_text


def policy(text):
    return policy_of(parse_text(text, "salver.BatchingParameters"))


def test_nothing_said_is_the_default():
    assert policy("") == BatchingPolicy()


def test_all_fields_of_the_static_mode():
    assert policy(
        """
        max_batch_size { value: 256 }
        batch_timeout_micros { value: 2500 }
        max_enqueued_batches { value: 16 }
        num_batch_threads { value: 8 }
        allowed_batch_sizes: [64, 256]
        pad_variable_length_inputs: true
        enable_large_batch_splitting { value: true }
        max_execution_batch_size { value: 64 }
        batch_padding_policy: "BATCH_DOWN"
        low_priority_max_batch_size: 32
        low_priority_batch_timeout_micros: 500000
        low_priority_max_enqueued_batches: 3
        low_priority_allowed_batch_sizes: [8, 32]
        mixed_priority_batching_policy: "priority_merge"
        weight: 2.5
        max_in_flight_batches: 3
        max_queued_rows: 500
        max_queued_bytes: 4096
        length_buckets { signature: "s" input: "x" dimension: 2 limits: [16, 64] }
        """
    ) == BatchingPolicy(
        is_adaptive=False,
        max_batch_size=256,
        batch_timeout_s=0.0025,
        max_enqueued_batches=16,
        allowed_batch_sizes=(64, 256),
        pad_variable_length_inputs=True,
        enable_large_batch_splitting=True,
        max_execution_batch_size=64,
        batch_padding_policy="BATCH_DOWN",
        low_priority=LowPriority(
            max_batch_size=32,
            batch_timeout_s=0.5,
            max_enqueued_batches=3,
            allowed_batch_sizes=(8, 32),
            mixed_priority_batching_policy="priority_merge",
        ),
        weight=2.5,
        max_in_flight_batches=3,
        max_queued_rows=500,
        max_queued_bytes=4096,
        length_buckets=(LengthBuckets(signature="s", input="x", dimension=2, limits=(16, 64)),),
    )


def test_all_fields_of_the_adaptive_mode():
    text = (
        "latency_slo_ms: 25 max_batch_size { value: 64 } allowed_batch_sizes: [8, 64] pad_variable_length_inputs: true"
    )
    assert policy(text) == BatchingPolicy(
        latency_slo_s=0.025, max_batch_size=64, allowed_batch_sizes=(8, 64), pad_variable_length_inputs=True
    )


def test_the_adaptive_mode_leaves_out_what_it_does_not_have():
    text = 'adaptive: true batch_timeout_micros { value: 5 } batch_padding_policy: "BATCH_DOWN"'
    assert policy(f"{text} low_priority_max_batch_size: 4") == BatchingPolicy()


def test_allowed_sizes_bound_an_adaptive_batch():
    assert policy("adaptive: true allowed_batch_sizes: [8, 64]").max_batch_size == 64


def test_no_batch_may_wait_is_one_may():
    assert policy("max_enqueued_batches {}").max_enqueued_batches == 1


def test_size_of_execution_is_nothing_without_splitting():
    assert policy("max_execution_batch_size { value: 5 }").max_execution_batch_size is None


def test_low_priority_queue_has_the_known_defaults():
    assert policy("low_priority_max_batch_size: 4").low_priority == LowPriority(max_batch_size=4)
    assert policy("low_priority_max_batch_size: 0").low_priority is None


def test_length_buckets_measure_the_first_dimension_after_the_rows():
    (buckets,) = policy("length_buckets { limits: 8 }").length_buckets
    assert buckets == LengthBuckets(limits=(8,))
    assert buckets.dimension == 1
