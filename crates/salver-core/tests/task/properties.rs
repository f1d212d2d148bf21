//! Random requests through a real scheduler and several runners: every caller gets exactly its own rows, once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use salver_core::batching::{LengthBuckets, Options, PaddingPolicy, Policy, Scheduler, Work};
use salver_core::table::Choice;
use salver_core::task::{Answers, Batch, Outcome, PredictTask};
use salver_core::{Code, Status, Tensor, TensorData};

use crate::support::{Fixture, fixture, tensor, texts, values};

/// What becomes of a request beside its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Served,
    /// The model refuses every batch that it is in.
    Bad,
    Abandoned,
    Expired,
}

#[derive(Clone, Debug)]
struct Request {
    num_rows: usize,
    length: usize,
    /// Whether the second input is of texts.
    is_text: bool,
    outputs: Vec<usize>,
    fate: Fate,
    /// Rows of the parts that it is split into; not at all where there is but one.
    part_rows: usize,
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let fates = prop_oneof![8 => Just(Fate::Served), 1 => Just(Fate::Bad), 1 => Just(Fate::Abandoned), 1 => Just(Fate::Expired)];
    let outputs = prop::sample::select(vec![vec![0, 1], vec![0], vec![1], vec![1, 0]]);
    let request = (0..6usize, 1..5usize, any::<bool>(), outputs, fates, 1..4usize).prop_map(
        |(num_rows, length, is_text, outputs, fate, part_rows)| Request {
            num_rows,
            length,
            is_text,
            outputs,
            fate,
            part_rows,
        },
    );
    prop::collection::vec(request, 1..40)
}

fn policies() -> impl Strategy<Value = Policy> {
    let sizes = prop::sample::select(vec![vec![], vec![4], vec![2, 8], vec![1, 3, 16]]);
    let static_limits = (any::<bool>(), 1..6usize, 0..300u64, any::<bool>());
    (2..20usize, sizes, any::<bool>(), any::<bool>(), any::<bool>(), static_limits).prop_map(
        |(max_batch_size, sizes, is_adaptive, pads_lengths, has_buckets, (splits, execution_size, wait, cuts_down))| {
            let buckets =
                LengthBuckets { signature: String::new(), input: String::new(), dimension: 1, limits: vec![2] };
            Policy {
                is_adaptive,
                max_batch_size,
                enable_large_batch_splitting: splits,
                max_execution_batch_size: Some(execution_size.min(max_batch_size)),
                batch_timeout: Duration::from_micros(wait),
                max_enqueued_batches: 1000,
                allowed_batch_sizes: sizes,
                batch_padding_policy: if cuts_down { PaddingPolicy::BatchDown } else { PaddingPolicy::PadUp },
                pad_variable_length_inputs: pads_lengths,
                length_buckets: if has_buckets { vec![buckets] } else { Vec::new() },
                ..Policy::default()
            }
        },
    )
}

/// The first input: each row says whose it is and which; a bad one is negative.
fn rows(slot: usize, request: &Request) -> Tensor {
    let sign = if request.fate == Fate::Bad { -1.0 } else { 1.0 };
    let ids: Vec<f32> = (0..request.num_rows).map(|row| sign * (1 + slot * 10 + row) as f32).collect();
    tensor(&[request.num_rows as i64], &ids)
}

/// The second input: every element says whose it is and which.
fn elements(slot: usize, request: &Request) -> Tensor {
    let shape = [request.num_rows as i64, request.length as i64];
    let numbers = (0..request.num_rows * request.length).map(|at| slot * 100 + at);
    if request.is_text {
        let items: Vec<String> = numbers.map(|number| number.to_string()).collect();
        texts(&shape, &items.iter().map(String::as_str).collect::<Vec<_>>())
    } else {
        tensor(&shape, &numbers.map(|number| number as f32).collect::<Vec<_>>())
    }
}

/// Answers its inputs; refuses what is bad, and every other time more than `max_at_once` rows.
fn model(policy: Policy, max_at_once: usize) -> Fixture {
    let is_tired = AtomicBool::new(false);
    fixture(2, policy, move |inputs| {
        let ids = values(&inputs[0]);
        if ids.iter().any(|id| *id < 0.0) {
            return Err(Status::invalid_argument("a bad request"));
        }
        let owners = ids.iter().map(|id| (*id as usize - 1) / 10).collect::<std::collections::HashSet<_>>();
        if owners.len() > 1 && ids.len() > max_at_once && is_tired.fetch_xor(true, Ordering::Relaxed) {
            return Err(Status::internal("too much at once"));
        }
        Ok(inputs.to_vec())
    })
}

fn task(fixture: &Fixture, slot: usize, request: &Request) -> PredictTask {
    let inputs = vec![rows(slot, request), elements(slot, request)];
    let mut task = fixture.task_for(slot as u64, inputs, request.outputs.clone());
    match request.fate {
        Fate::Abandoned => task.progress.abandon(),
        Fate::Expired => task.deadline = Some(Instant::now()),
        Fate::Served | Fate::Bad => {}
    }
    task
}

/// The parts that are queued for a task: itself, or what it is split into where the scheduler does not split.
fn parts(task: PredictTask, part_rows: usize) -> Vec<PredictTask> {
    let num_rows = task.num_rows();
    if !task.can_join() || part_rows >= num_rows || !task.pinned.owner().policy().is_adaptive {
        return vec![task];
    }
    let sizes: Vec<usize> = (0..num_rows).step_by(part_rows).map(|start| part_rows.min(num_rows - start)).collect();
    task.split(&sizes)
}

/// Queues all, some at a time, while two runners work, until each is answered.
fn serve(fixture: &Fixture, tasks: Vec<Vec<PredictTask>>) {
    let num_tasks = tasks.len();
    let scheduler = Scheduler::new(Options { num_runners: 2, may_wait: true });
    let run_until_stopped = || {
        while !scheduler.is_stopped() {
            let Some(turn) = scheduler.next(Duration::from_secs(10)) else { continue };
            let mut answers = Answers::default();
            if let Some(batch) = Batch::open(turn, &mut answers) {
                batch.run_native(&mut answers);
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(run_until_stopped);
        scope.spawn(run_until_stopped);
        for parts in tasks {
            for (task, refusal) in scheduler.submit(parts) {
                task.refuse(&refusal, &mut Answers::default());
            }
        }
        fixture.mailbox.wait_for(num_tasks);
        scheduler.stop();
    });
}

/// How a request was queued.
#[derive(Clone, Copy)]
struct Way {
    /// In parts, by the test or maybe by the scheduler, which were extended each to another length.
    may_be_uneven: bool,
    is_too_large: bool,
}

fn way(request: &Request, num_parts: usize, policy: &Policy) -> Way {
    let is_whole = num_parts == 1 && (policy.is_adaptive || !policy.enable_large_batch_splitting);
    Way {
        may_be_uneven: !is_whole && policy.pad_variable_length_inputs && request.outputs.contains(&1),
        is_too_large: !policy.is_adaptive && request.num_rows > policy.max_batch_size,
    }
}

fn check(slot: usize, request: &Request, way: Way, outcome: &Outcome) -> Result<(), TestCaseError> {
    let code = outcome.as_ref().map_or_else(|status| status.code, |_| Code::Ok);
    match request.fate {
        _ if way.is_too_large => prop_assert_eq!(code, Code::InvalidArgument),
        Fate::Abandoned => prop_assert_eq!(code, Code::Cancelled),
        Fate::Expired => prop_assert_eq!(code, Code::DeadlineExceeded),
        Fate::Bad if request.num_rows > 0 => prop_assert_eq!(code, Code::InvalidArgument),
        // Told, not mended.
        _ if way.may_be_uneven && code == Code::FailedPrecondition => {}
        Fate::Served | Fate::Bad => {
            let outputs = outcome.as_ref().map_err(|status| TestCaseError::fail(status.to_string()))?;
            prop_assert_eq!(outputs.len(), request.outputs.len());
            for (output, index) in outputs.iter().zip(&request.outputs) {
                let want = if *index == 0 { rows(slot, request) } else { elements(slot, request) };
                check_rows(output, &want)?;
            }
        }
    }
    Ok(())
}

/// Whether `got` has the rows of `want`, each maybe longer.
fn check_rows(got: &Tensor, want: &Tensor) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.dtype(), want.dtype());
    prop_assert_eq!(got.shape()[0], want.shape()[0]);
    let length = want.shape().get(1).copied().unwrap_or(1) as usize;
    let got_length = got.shape().get(1).copied().unwrap_or(1) as usize;
    prop_assert!(got_length >= length);
    let (got, want) = (elements_of(got), elements_of(want));
    for (got, want) in got.chunks(got_length).zip(want.chunks(length)) {
        prop_assert_eq!(&got[..length], want);
    }
    Ok(())
}

fn elements_of(tensor: &Tensor) -> Vec<Vec<u8>> {
    match tensor.data() {
        TensorData::Fixed(bytes) => bytes.chunks(tensor.dtype().size()).map(<[u8]>::to_vec).collect(),
        TensorData::Strings(items) => items.iter().map(|item| item.to_vec()).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_caller_gets_exactly_its_rows_once(
        policy in policies(),
        requests in requests(),
        max_at_once in 1..20usize,
    ) {
        let fixture = model(policy, max_at_once);
        let tasks: Vec<Vec<PredictTask>> = requests
            .iter()
            .enumerate()
            .map(|(slot, request)| parts(task(&fixture, slot, request), request.part_rows))
            .collect();
        let policy = fixture.policy();
        let ways: Vec<Way> =
            requests.iter().zip(&tasks).map(|(request, parts)| way(request, parts.len(), &policy)).collect();
        serve(&fixture, tasks);
        let outcomes = fixture.mailbox.outcomes();
        prop_assert_eq!(outcomes.len(), requests.len());
        for (slot, (request, outcome)) in requests.iter().zip(&outcomes).enumerate() {
            check(slot, request, ways[slot], outcome)?;
        }
        for inputs in fixture.runs() {
            let num_rows = inputs[0].shape()[0] as usize;
            prop_assert!(num_rows == 0 || policy.padded_rows(num_rows) == num_rows, "{} rows ran", num_rows);
        }
        prop_assert_eq!(fixture.table.resolve("m", Choice::Latest).unwrap().num_pins(), 1);
    }
}
