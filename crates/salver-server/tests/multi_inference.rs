//! MultiInference on a model with a graph.

mod support;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use salver_core::{Call, Code, DType, Executor, GraphCall, Signature, Status, Tensor, TensorData};
use salver_server::{Api, Options};
use support::{plane_of, signature, spec, target};

/// Gives 1 for each example, and has no room for one run of several signatures.
struct Full {
    code: Code,
    runs: Arc<Mutex<Vec<String>>>,
}

impl Executor for Full {
    fn run(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Status> {
        self.runs.lock().unwrap().push(call.signature.name.to_string());
        let shape = call.inputs[0].shape();
        let ones = 1f32.to_le_bytes().repeat(shape[0] as usize);
        Tensor::new(DType::Float, shape, TensorData::Fixed(ones.into())).map(|ones| vec![ones])
    }

    fn graph_signature(&self, _call: &GraphCall<'_>) -> Result<Arc<Signature>, Status> {
        Err(Status::new(self.code, "no"))
    }
}

fn field(number: u8, value: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, value.len() as u8], value].concat()
}

/// A regression by each of the signatures `a` and `b` of one empty example.
fn request() -> Bytes {
    let task = |name: &[u8]| {
        let spec = [field(1, b"m"), field(3, name)].concat();
        field(1, &[field(1, &spec), field(2, b"tensorflow/serving/regress")].concat())
    };
    let input = field(2, &field(1, &field(1, b"")));
    [task(b"a"), task(b"b"), input].concat().into()
}

fn replay(code: Code) -> (Result<(), Status>, Vec<String>) {
    let regress = |name| signature(name, "regress", spec("inputs", DType::String), spec("outputs", DType::Float));
    let runs = Arc::<Mutex<Vec<String>>>::default();
    let target = target([regress("a"), regress("b")], Full { code, runs: runs.clone() });
    let plane = plane_of(Options::default(), target.clone());
    let outcome = plane.replay(&target, Api::MultiInference, request(), None);
    let runs = runs.lock().unwrap().clone();
    (outcome, runs)
}

#[test]
fn the_tasks_run_one_by_one_where_the_graph_takes_no_more_calls() {
    assert_eq!(replay(Code::ResourceExhausted), (Ok(()), vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn other_failures_of_the_graph_are_told() {
    let (outcome, runs) = replay(Code::Internal);
    assert_eq!((outcome.unwrap_err().code, runs.len()), (Code::Internal, 0));
}
