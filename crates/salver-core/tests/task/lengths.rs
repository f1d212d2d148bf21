//! Requests that differ in the dimensions after the first.

use salver_core::batching::{LengthBuckets, Policy, Work};

use crate::support::{Fixture, allowed, batching, echo, filled, tensor, texts};

fn padding() -> Policy {
    Policy { pad_variable_length_inputs: true, ..batching() }
}

/// Whether requests with these shapes may share a batch, asked of both.
fn are_joined(fixture: &Fixture, a: &[i64], b: &[i64]) -> bool {
    let (a, b) = (fixture.task(0, filled(a, 1.0)), fixture.task(1, filled(b, 2.0)));
    let policy = a.pinned.owner().policy();
    let (forth, back) = (a.joins(&b, &policy), b.joins(&a, &policy));
    assert_eq!(forth, back);
    forth
}

#[test]
fn shorter_inputs_are_extended_at_the_end_with_their_own_first_element() {
    let fixture = echo(1, Policy { pad_variable_length_inputs: true, ..allowed(&[4]) });
    let (a, b) = (tensor(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), tensor(&[1, 5], &[7.0, 8.0, 9.0, 10.0, 11.0]));
    fixture.schedule(fixture.tasks([a, b]));
    #[rustfmt::skip]
    let want = tensor(&[4, 5], &[
        1.0, 2.0, 3.0, 1.0, 1.0,
        4.0, 5.0, 6.0, 1.0, 1.0,
        7.0, 8.0, 9.0, 10.0, 11.0,
        7.0, 8.0, 9.0, 10.0, 11.0,
    ]);
    assert_eq!(fixture.runs(), [vec![want]]);
    let lengths: Vec<_> = fixture.mailbox.first_outputs().iter().map(|output| output.shape().to_vec()).collect();
    // What is computed of a longer input is answered as long.
    assert_eq!(lengths, [[2, 5], [1, 5]]);
}

#[test]
fn every_dimension_is_extended() {
    let fixture = echo(1, padding());
    fixture.schedule(fixture.tasks([tensor(&[1, 2, 1], &[1.0, 2.0]), tensor(&[1, 1, 3], &[3.0, 4.0, 5.0])]));
    let want = tensor(&[2, 2, 3], &[1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 3.0, 4.0, 5.0, 3.0, 3.0, 3.0]);
    assert_eq!(fixture.runs(), [vec![want]]);
}

#[test]
fn texts_are_extended_too() {
    let fixture = echo(1, padding());
    fixture.schedule(fixture.tasks([texts(&[2, 1], &["a", "b"]), texts(&[1, 2], &["c", "d"])]));
    assert_eq!(fixture.runs(), [vec![texts(&[3, 2], &["a", "a", "b", "a", "c", "d"])]]);
}

#[test]
fn each_input_is_extended_for_itself() {
    let fixture = echo(2, padding());
    let task = |slot, x: &[i64], z: &[i64]| {
        fixture.task_for(slot, vec![filled(x, slot as f32), filled(z, slot as f32)], vec![0, 1])
    };
    fixture.schedule(vec![task(0, &[1, 1], &[1, 4]), task(1, &[1, 3], &[1, 2])]);
    let shapes: Vec<Vec<i64>> = fixture.runs()[0].iter().map(|input| input.shape().to_vec()).collect();
    assert_eq!(shapes, [[2, 3], [2, 4]]);
}

#[test]
fn ranks_up_to_six_are_extended_and_others_run_apart() {
    let fixture = echo(1, padding());
    for rank in 2..=8 {
        let (mut a, mut b) = (vec![1; rank], vec![1; rank]);
        (a[1], b[rank - 1]) = (3, 2);
        assert_eq!(are_joined(&fixture, &a, &b), rank <= 6, "rank {rank}");
        assert!(are_joined(&fixture, &a, &a), "rank {rank}");
        assert!(!are_joined(&fixture, &a, &vec![1; rank + 1]));
    }
}

#[test]
fn empty_tensors_run_apart_and_fail_nobody() {
    let fixture = echo(1, padding());
    let inputs = [filled(&[2, 0], 0.0), filled(&[2, 3], 1.0), filled(&[1, 0], 0.0), filled(&[1, 3], 2.0)];
    fixture.schedule(fixture.tasks(inputs.clone()));
    assert_eq!(fixture.run_shapes(), [[2, 0], [1, 0], [3, 3]]);
    assert_eq!(fixture.mailbox.first_outputs(), inputs);
}

#[test]
fn a_huge_request_does_not_blow_up_the_small_ones() {
    let fixture = echo(1, padding());
    let inputs = [filled(&[1, 5], 1.0), filled(&[1, 1_000_000], 2.0), filled(&[1, 3], 3.0)];
    fixture.schedule(fixture.tasks(inputs));
    assert_eq!(fixture.run_shapes(), [[2, 5], [1, 1_000_000]]);
}

#[test]
fn without_the_setting_lengths_run_apart() {
    let fixture = echo(1, batching());
    assert!(!are_joined(&fixture, &[1, 2], &[1, 3]));
    assert!(are_joined(&fixture, &[1, 2], &[9, 2]));
}

fn bucketed(input: &str, dimension: usize, signature: &str) -> Policy {
    let buckets =
        LengthBuckets { signature: signature.to_owned(), input: input.to_owned(), dimension, limits: vec![16, 64] };
    Policy { length_buckets: vec![buckets], ..padding() }
}

#[test]
fn lengths_of_one_bucket_share_batches_and_others_do_not() {
    let fixture = echo(1, bucketed("", 1, ""));
    for (a, b, want) in
        [(1, 16, true), (16, 17, false), (17, 64, true), (64, 65, false), (65, 900, true), (1, 900, false)]
    {
        assert_eq!(are_joined(&fixture, &[1, a], &[1, b]), want, "{a} {b}");
    }
}

#[test]
fn buckets_of_another_signature_or_dimension_do_not_part_requests() {
    assert!(are_joined(&echo(1, bucketed("", 1, "other")), &[1, 1], &[1, 900]));
    assert!(!are_joined(&echo(1, bucketed("", 1, "serving_default")), &[1, 1], &[1, 900]));
    assert!(are_joined(&echo(1, bucketed("", 2, "")), &[1, 1, 3], &[1, 50, 5]));
    assert!(are_joined(&echo(1, bucketed("", 2, "")), &[1, 1], &[1, 900]));
    assert!(are_joined(&echo(1, bucketed("z", 1, "")), &[1, 1], &[1, 900]));
}

#[test]
fn buckets_measure_the_named_input_or_the_longest_of_all() {
    let joined = |policy: Policy, a: [i64; 2], b: [i64; 2]| {
        let fixture = echo(2, policy);
        let task = |slot, lengths: [i64; 2]| {
            fixture.task_for(slot, lengths.map(|length| filled(&[1, length], 1.0)).to_vec(), vec![0])
        };
        let (a, b) = (task(0, a), task(1, b));
        a.joins(&b, &a.pinned.owner().policy())
    };
    assert!(joined(bucketed("x1", 1, ""), [1, 10], [60, 11]));
    assert!(!joined(bucketed("x1", 1, ""), [10, 1], [11, 60]));
    assert!(joined(bucketed("", 1, ""), [60, 1], [20, 50]));
    assert!(!joined(bucketed("", 1, ""), [10, 1], [10, 60]));
}

#[test]
fn a_new_policy_measures_requests_anew() {
    let fixture = echo(1, padding());
    let (mut a, b) = (fixture.task(0, filled(&[1, 1], 1.0)), fixture.task(1, filled(&[1, 900], 1.0)));
    assert!(a.joins(&b, &padding()));
    let mut b = b;
    for task in [&mut a, &mut b] {
        task.set_queued_at(std::time::Instant::now());
    }
    assert!(!a.joins(&b, &bucketed("", 1, "")));
}
