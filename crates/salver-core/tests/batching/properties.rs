//! Whatever happens to it, a scheduler loses no work, runs none twice and keeps nobody waiting for nothing.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use salver_core::batching::{LowPriority, MixedPriorityPolicy, PaddingPolicy, Policy};

use crate::jobs::ms;
use crate::world::{Step, World};

const NUM_OWNERS: usize = 3;

prop_compose! {
    fn low_priority()(
        max_batch_size in 0..8usize,
        timeout in select(vec![0, 7, 300]),
        max_enqueued_batches in 0..4usize,
        allowed_batch_sizes in subsequence(vec![1, 2, 4, 8], 0..=4),
        mixed_priority_batching_policy in select(vec![
            MixedPriorityPolicy::PaddingWithMaxBatchSize,
            MixedPriorityPolicy::PaddingWithNextAllowedBatchSize,
            MixedPriorityPolicy::Isolation,
            MixedPriorityPolicy::Merge,
        ]),
    ) -> LowPriority {
        let batch_timeout = ms(timeout);
        LowPriority {
            max_batch_size, batch_timeout, max_enqueued_batches, allowed_batch_sizes, mixed_priority_batching_policy,
        }
    }
}

prop_compose! {
    fn fixed()(
        max_batch_size in 1..10usize,
        execution_part in option::of(1..10usize),
        enable_large_batch_splitting: bool,
        timeout in select(vec![0, 5, 40, 3000]),
        max_enqueued_batches in 0..5usize,
        batch_padding_policy in select(vec![
            PaddingPolicy::PadUp, PaddingPolicy::BatchDown, PaddingPolicy::MinimizeCostPerRequest,
        ]),
        low_priority in option::of(low_priority()),
    ) -> Policy {
        Policy {
            is_adaptive: false,
            max_batch_size,
            enable_large_batch_splitting,
            max_execution_batch_size: execution_part.map(|part| part.min(max_batch_size)),
            batch_timeout: ms(timeout),
            max_enqueued_batches,
            batch_padding_policy,
            low_priority,
            ..Policy::default()
        }
    }
}

prop_compose! {
    fn adaptive()(max_batch_size in 1..10usize, slo in option::of(5..500u64)) -> Policy {
        Policy { max_batch_size, latency_slo: slo.map(ms), ..Policy::default() }
    }
}

prop_compose! {
    fn policy()(
        policy in prop_oneof![2 => fixed(), 1 => adaptive()],
        allowed_batch_sizes in subsequence(vec![1, 2, 3, 5, 9], 0..=5),
        max_in_flight_batches in option::of(1..3usize),
        max_queued_rows in select(vec![8, 30, 1000]),
        max_queued_bytes in select(vec![500, 100_000]),
        weight in select(vec![0.1, 1.0, 5.0]),
    ) -> Policy {
        Policy { allowed_batch_sizes, max_in_flight_batches, max_queued_rows, max_queued_bytes, weight, ..policy }
    }
}

fn submit() -> impl Strategy<Value = Step> {
    let rows = prop_oneof![1 => Just(0usize), 8 => 1..6usize, 2 => 6..14usize];
    let job = (rows, option::of(0..60u64), 0..4u8, prop::bool::weighted(0.9));
    (0..NUM_OWNERS, 0..2usize, 0..3u8, job).prop_map(|(owner, line, kind, job)| {
        let (rows, deadline, criticality, can_join) = job;
        Step::Submit { owner, line, kind, rows, deadline, criticality, can_join }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => submit(),
        3 => any::<usize>().prop_map(Step::Leave),
        8 => (0..20u64).prop_map(Step::Pass),
        1 => (50..200u64).prop_map(Step::Pass),
        25 => Just(Step::Next),
        15 => (any::<usize>(), prop::bool::weighted(0.9)).prop_map(|(which, has_run)| Step::End { which, has_run }),
        2 => (0..NUM_OWNERS, policy()).prop_map(|(owner, policy)| Step::Change { owner, policy }),
        1 => (0..NUM_OWNERS).prop_map(Step::Close),
        1 => Just(Step::TakeAll),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_job_comes_out_once_and_none_waits_for_nothing(
        num_runners in 1..4usize,
        policies in vec(policy(), NUM_OWNERS),
        steps in vec(step(), 0..120),
        stops: bool,
    ) {
        let mut world = World::new(num_runners, policies);
        steps.into_iter().for_each(|step| world.step(step));
        if stops { world.stop() } else { world.finish() }
    }
}
