//! Every task gets exactly its own rows, or exactly one error.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use salver_core::batching::{Options, Policy, Scheduler, Turn, Work};
use salver_core::histogram::{Histogram, LATENCY_LIMITS};
use salver_core::table::{Choice, ModelRow, Runner, ServingTable, Snapshot, Target};
use salver_core::task::{Answers, Batch, Mailbox, Outcome, PredictTask, ReplyTo};
use salver_core::{Call, Code, DType, Executor, Shape, Signature, Status, Tensor, TensorData, TensorSpec};

#[derive(Default)]
struct Answered {
    answers: Mutex<Vec<(u64, Outcome)>>,
    deliveries: AtomicUsize,
}

impl Mailbox for Answered {
    fn deliver(&self, answers: &mut Vec<(u64, Outcome)>) {
        self.deliveries.fetch_add(1, Ordering::SeqCst);
        self.answers.lock().unwrap().append(answers);
    }
}

impl Answered {
    fn sorted(&self) -> Vec<(u64, Outcome)> {
        let mut answers = self.answers.lock().unwrap().clone();
        answers.sort_by_key(|(slot, _)| *slot);
        answers
    }
}

/// Doubles float rows; refuses a batch in which one element is negative.
struct Doubler {
    runs: Arc<AtomicUsize>,
    keeps_rows: bool,
}

impl Executor for Doubler {
    fn run(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Status> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let input = &call.inputs[0];
        let mut bytes = vec![0; input.num_bytes()];
        input.copy_fixed_into(&mut bytes);
        let values: Vec<f32> = bytes.chunks(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect();
        if values.iter().any(|value| *value < 0.0) {
            return Err(Status::invalid_argument("negative"));
        }
        let doubled: Vec<f32> = values.iter().map(|value| value * 2.0).collect();
        let answer = if self.keeps_rows { floats(&doubled) } else { scalar(doubled.iter().sum()) };
        Ok(vec![answer])
    }
}

fn floats(values: &[f32]) -> Tensor {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor::new(DType::Float, Shape::from_slice(&[values.len() as i64]), TensorData::Fixed(bytes.into())).unwrap()
}

fn scalar(value: f32) -> Tensor {
    Tensor::new(DType::Float, Shape::new(), TensorData::Fixed(value.to_le_bytes().to_vec().into())).unwrap()
}

struct Fixture {
    table: ServingTable,
    mailbox: Arc<Answered>,
    runs: Arc<AtomicUsize>,
}

fn fixture(keeps_rows: bool) -> Fixture {
    let spec = |name: &str| TensorSpec {
        name: name.into(),
        runtime_name: name.into(),
        dtype: DType::Float,
        shape: Some(vec![-1]),
    };
    let signature = Signature {
        name: "serving_default".into(),
        method: "".into(),
        inputs: vec![spec("x")],
        outputs: vec![spec("y")],
        defaults: vec![],
    };
    let runs = Arc::new(AtomicUsize::new(0));
    let runner = Runner::Native(Arc::new(Doubler { runs: runs.clone(), keeps_rows }));
    let target =
        Arc::new(Target::new("m".into(), 1, [signature], runner, Policy { max_batch_size: 8, ..Policy::default() }));
    let table = ServingTable::default();
    table.publish(Snapshot::new([("m".to_owned(), ModelRow { targets: vec![target], ..ModelRow::default() })]));
    Fixture { table, mailbox: Arc::default(), runs }
}

impl Fixture {
    fn task(&self, slot: u64, input: Tensor) -> PredictTask {
        let pinned = self.table.resolve("m", Choice::Latest).unwrap();
        let signature = pinned.signature("").unwrap().clone();
        let reply = ReplyTo { mailbox: self.mailbox.clone(), slot };
        PredictTask::new(pinned, signature, vec![input], vec![0], reply)
    }

    fn run(&self, tasks: Vec<PredictTask>) {
        let padded_rows = tasks.iter().map(Work::num_rows).sum();
        let turn = Turn { batch: tasks, refused: Vec::new(), padded_rows, ticket: None };
        let mut answers = Answers::default();
        Batch::open(turn, &mut answers).unwrap().run_native(&mut answers);
    }
}

#[test]
fn members_of_a_batch_get_their_own_rows_in_one_delivery() {
    let fixture = fixture(true);
    fixture.run(vec![
        fixture.task(0, floats(&[1.0])),
        fixture.task(1, floats(&[2.0, 3.0])),
        fixture.task(2, floats(&[4.0])),
    ]);
    let rows: Vec<_> = fixture.mailbox.sorted().into_iter().map(|(_, outcome)| outcome.unwrap().remove(0)).collect();
    assert_eq!(rows, [floats(&[2.0]), floats(&[4.0, 6.0]), floats(&[8.0])]);
    assert_eq!(fixture.runs.load(Ordering::SeqCst), 1);
    assert_eq!(fixture.mailbox.deliveries.load(Ordering::SeqCst), 1);
}

#[test]
fn a_bad_member_fails_alone() {
    let fixture = fixture(true);
    fixture.run(vec![fixture.task(0, floats(&[1.0])), fixture.task(1, floats(&[-2.0]))]);
    let answers = fixture.mailbox.sorted();
    assert_eq!(answers[0].1, Ok(vec![floats(&[2.0])]));
    assert_eq!(answers[1].1.as_ref().unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn each_member_that_is_answered_counts_one_run() {
    let (fixture, latency) = (fixture(true), Arc::new(Histogram::new(&LATENCY_LIMITS)));
    let task = |slot, value| {
        let mut task = fixture.task(slot, floats(&[value]));
        task.run_latency = Some(latency.clone());
        task
    };
    let num_runs = || latency.snapshot().0.iter().sum::<u64>();
    fixture.run(vec![task(0, 1.0)]);
    assert_eq!(num_runs(), 1);
    fixture.run(vec![task(1, 1.0), task(2, 2.0), task(3, 3.0)]);
    assert_eq!(num_runs(), 4);
    fixture.run(vec![task(4, 1.0), task(5, -1.0)]);
    assert_eq!(num_runs(), 5);
}

#[test]
fn a_model_whose_outputs_have_no_rows_still_answers_each_member() {
    let fixture = fixture(false);
    fixture.run(vec![fixture.task(0, floats(&[1.0])), fixture.task(1, floats(&[2.0, 3.0]))]);
    let answers: Vec<_> = fixture.mailbox.sorted().into_iter().map(|(_, outcome)| outcome.unwrap()).collect();
    assert_eq!(answers, [vec![scalar(2.0)], vec![scalar(10.0)]]);
}

#[test]
fn a_dropped_task_answers_internal_once() {
    let fixture = fixture(true);
    drop(fixture.task(7, floats(&[1.0])));
    let answers = fixture.mailbox.sorted();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].1.as_ref().unwrap_err().code, Code::Internal);
}

#[test]
fn scalars_and_empty_batches_run_alone() {
    let fixture = fixture(true);
    for input in [scalar(1.0), floats(&[])] {
        assert!(!fixture.task(0, input).can_join());
    }
    assert!(fixture.task(0, floats(&[1.0, 2.0])).can_join());
}

#[test]
fn expired_and_abandoned_work_never_runs() {
    let fixture = fixture(true);
    let scheduler = Scheduler::new(Options { num_runners: 1, may_wait: false });
    let mut expired = fixture.task(0, floats(&[1.0]));
    expired.deadline = Some(Instant::now() - Duration::from_millis(1));
    let abandoned = fixture.task(1, floats(&[1.0]));
    abandoned.is_abandoned.store(true, Ordering::SeqCst);
    scheduler.submit([expired, abandoned]);
    let turn = scheduler.try_next().unwrap();
    assert!(turn.batch.is_empty());
    let mut answers = Answers::default();
    turn.refused.into_iter().for_each(|(task, refusal)| task.refuse(&refusal, &mut answers));
    drop(answers);
    let codes: Vec<_> = fixture.mailbox.sorted().into_iter().map(|(_, outcome)| outcome.unwrap_err().code).collect();
    assert_eq!(codes, [Code::DeadlineExceeded, Code::Cancelled]);
    assert_eq!(fixture.runs.load(Ordering::SeqCst), 0);
}

#[test]
fn a_target_stays_pinned_until_its_answer_is_out() {
    let fixture = fixture(true);
    let task = fixture.task(0, floats(&[1.0]));
    let target = task.pinned.target().clone();
    fixture.table.publish(Snapshot::default());
    assert!(!target.wait_until_released(Some(Duration::ZERO)));
    fixture.run(vec![task]);
    assert!(target.wait_until_released(Some(Duration::ZERO)));
}
