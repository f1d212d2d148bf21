//! A model that is a function, tasks for it, and the answers they get.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use salver_core::batching::{Options, Policy, Scheduler, Turn, Work};
use salver_core::table::{Choice, ModelRow, Runner, ServingTable, Snapshot, Target};
use salver_core::task::{Answers, Batch, Mailbox, Outcome, PredictTask, ReplyTo};
use salver_core::{Call, DType, Executor, Shape, Signature, Status, Tensor, TensorData, TensorSpec};

/// No test waits longer for answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// Collects answers, and counts how often it was woken for them.
#[derive(Default)]
pub(crate) struct Answered {
    state: Mutex<(Vec<(u64, Outcome)>, usize)>,
    has_more: Condvar,
}

impl Mailbox for Answered {
    fn deliver(&self, answers: &mut Vec<(u64, Outcome)>) {
        let mut state = self.state.lock().unwrap();
        state.0.append(answers);
        state.1 += 1;
        self.has_more.notify_all();
    }
}

impl Answered {
    /// Waits until there are so many answers.
    pub(crate) fn wait_for(&self, num_answers: usize) {
        let state = self.state.lock().unwrap();
        let _ended = self.has_more.wait_timeout_while(state, PATIENCE, |state| state.0.len() < num_answers).unwrap();
    }

    pub(crate) fn sorted(&self) -> Vec<(u64, Outcome)> {
        let mut answers = self.state.lock().unwrap().0.clone();
        answers.sort_by_key(|(slot, _)| *slot);
        answers
    }

    /// The outcomes of slots 0, 1, ..., each of which has one.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        let answers = self.sorted();
        let slots: Vec<u64> = answers.iter().map(|(slot, _)| *slot).collect();
        assert_eq!(slots, (0..answers.len() as u64).collect::<Vec<_>>());
        answers.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// The first output of each.
    pub(crate) fn first_outputs(&self) -> Vec<Tensor> {
        self.outcomes().into_iter().map(|outcome| outcome.unwrap().remove(0)).collect()
    }

    pub(crate) fn num_deliveries(&self) -> usize {
        self.state.lock().unwrap().1
    }
}

/// What a model makes of its joined inputs: all its outputs.
type Function = dyn Fn(&[Tensor]) -> Result<Vec<Tensor>, Status> + Send + Sync;

struct Model {
    function: Box<Function>,
    runs: Arc<Mutex<Vec<Vec<Tensor>>>>,
}

impl Executor for Model {
    fn run(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Status> {
        let inputs: Vec<Tensor> = call.inputs.iter().map(|input| input.joined().unwrap()).collect();
        call.joined();
        self.runs.lock().unwrap().push(inputs.clone());
        let outputs = (self.function)(&inputs)?;
        Ok(call.outputs.iter().map(|&index| outputs[index].clone()).collect())
    }
}

/// A served model `m` with as many outputs as inputs, `x0`, `x1`, ... and `y0`, `y1`, ...
pub(crate) struct Fixture {
    pub(crate) table: ServingTable,
    pub(crate) mailbox: Arc<Answered>,
    runs: Arc<Mutex<Vec<Vec<Tensor>>>>,
}

pub(crate) fn fixture(
    num_inputs: usize,
    policy: Policy,
    function: impl Fn(&[Tensor]) -> Result<Vec<Tensor>, Status> + Send + Sync + 'static,
) -> Fixture {
    let spec = |letter: &str, index: usize| TensorSpec {
        name: format!("{letter}{index}").into(),
        runtime_name: "".into(),
        dtype: DType::Float,
        shape: None,
    };
    let signature = Signature {
        name: "serving_default".into(),
        method: "".into(),
        inputs: (0..num_inputs).map(|index| spec("x", index)).collect(),
        outputs: (0..num_inputs).map(|index| spec("y", index)).collect(),
        defaults: vec![],
    };
    let runs = Arc::default();
    let runner = Runner::Native(Arc::new(Model { function: Box::new(function), runs: Arc::clone(&runs) }));
    let target = Arc::new(Target::new("m".into(), 1, [signature], runner, policy));
    let table = ServingTable::default();
    table.publish(Snapshot::new([("m".to_owned(), ModelRow { targets: vec![target], ..ModelRow::default() })]));
    Fixture { table, mailbox: Arc::default(), runs }
}

/// A model that answers its inputs.
pub(crate) fn echo(num_inputs: usize, policy: Policy) -> Fixture {
    fixture(num_inputs, policy, |inputs| Ok(inputs.to_vec()))
}

impl Fixture {
    pub(crate) fn task_for(&self, slot: u64, inputs: Vec<Tensor>, outputs: Vec<usize>) -> PredictTask {
        let pinned = self.table.resolve("m", Choice::Latest).unwrap();
        let signature = pinned.signature("").unwrap().clone();
        PredictTask::new(pinned, signature, inputs, outputs, ReplyTo { mailbox: self.mailbox.clone(), slot })
    }

    pub(crate) fn task(&self, slot: u64, input: Tensor) -> PredictTask {
        self.task_for(slot, vec![input], vec![0])
    }

    /// Tasks 0, 1, ... with these inputs.
    pub(crate) fn tasks(&self, inputs: impl IntoIterator<Item = Tensor>) -> Vec<PredictTask> {
        (0..).zip(inputs).map(|(slot, input)| self.task(slot, input)).collect()
    }

    /// Runs these as one batch, filled up to what the policy says.
    pub(crate) fn run(&self, tasks: Vec<PredictTask>) {
        let policy = tasks[0].pinned.owner().policy();
        let padded_rows = policy.padded_rows(tasks.iter().map(Work::num_rows).sum());
        let turn = Turn { batch: tasks, refused: Vec::new(), padded_rows, ticket: None };
        let mut answers = Answers::default();
        Batch::open(turn, &mut answers).unwrap().run_native(&mut answers);
    }

    /// Queues these at once and runs all that comes of it.
    pub(crate) fn schedule(&self, tasks: Vec<PredictTask>) {
        let scheduler = Scheduler::new(Options { num_runners: 1, may_wait: false });
        let mut answers = Answers::default();
        for (task, refusal) in scheduler.submit(tasks) {
            task.refuse(&refusal, &mut answers);
        }
        while let Some(turn) = scheduler.try_next() {
            if let Some(batch) = Batch::open(turn, &mut answers) {
                batch.run_native(&mut answers);
            }
        }
    }

    pub(crate) fn policy(&self) -> Arc<Policy> {
        self.table.resolve("m", Choice::Latest).unwrap().owner().policy()
    }

    /// The joined inputs of each run.
    pub(crate) fn runs(&self) -> Vec<Vec<Tensor>> {
        self.runs.lock().unwrap().clone()
    }

    /// Shape of the first input of each run.
    pub(crate) fn run_shapes(&self) -> Vec<Vec<i64>> {
        self.runs().iter().map(|inputs| inputs[0].shape().to_vec()).collect()
    }
}

pub(crate) fn values(tensor: &Tensor) -> Vec<f32> {
    let TensorData::Fixed(bytes) = tensor.data() else { panic!("not a tensor of floats") };
    bytes.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// A tensor of floats.
pub(crate) fn tensor(shape: &[i64], values: &[f32]) -> Tensor {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor::new(DType::Float, Shape::from_slice(shape), TensorData::Fixed(bytes.into())).unwrap()
}

/// A tensor of this shape that is the same everywhere.
pub(crate) fn filled(shape: &[i64], value: f32) -> Tensor {
    tensor(shape, &vec![value; shape.iter().product::<i64>() as usize])
}

/// A vector.
pub(crate) fn floats(values: &[f32]) -> Tensor {
    tensor(&[values.len() as i64], values)
}

pub(crate) fn scalar(value: f32) -> Tensor {
    tensor(&[], &[value])
}

pub(crate) fn texts(shape: &[i64], items: &[&str]) -> Tensor {
    let items = items.iter().map(|item| Bytes::copy_from_slice(item.as_bytes())).collect();
    Tensor::new(DType::String, Shape::from_slice(shape), TensorData::Strings(items)).unwrap()
}

/// Batches of up to 8 rows, filled up to one of these sizes.
pub(crate) fn allowed(sizes: &[usize]) -> Policy {
    Policy { max_batch_size: 8, allowed_batch_sizes: sizes.to_vec(), ..Policy::default() }
}

/// Batches of up to 8 rows.
pub(crate) fn batching() -> Policy {
    allowed(&[])
}
