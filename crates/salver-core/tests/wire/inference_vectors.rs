//! Vectors from `tests/data/make_inference_vectors.py`: what protobuf reads and writes.

use bytes::Bytes;
use salver_core::inference::{InferenceOutcome, InferencePlan};
use salver_core::wire::{
    EffectiveSpec, ExampleInput, InferenceAnswer, MemoryBudget, ModelSpec, PreparedInference, PreparedMultiInference,
    PreparedSessionRun, SessionRunResponse, TensorForm, decode_inference_request, decode_multi_inference_request,
    decode_session_run_request,
};
use salver_core::{Code, DType, Shape, Tensor, TensorData};

use crate::support::{fixed, floats, hex, rows, signature, unhex};

const SPEC: EffectiveSpec<'_> = EffectiveSpec { model_name: "m", version: 7, signature_name: "s" };

fn examples(input: &ExampleInput) -> String {
    let examples = input.examples(&mut MemoryBudget::default()).unwrap();
    assert_eq!(examples.len(), input.len());
    let joined = examples.iter().map(|example| hex(example)).collect::<Vec<_>>().join(",");
    if input.is_empty() { "-".to_owned() } else { joined }
}

fn table(name: &str) -> Vec<Vec<String>> {
    rows(&format!("inference_vectors/{name}"))
}

#[test]
fn requests_are_read_as_protobuf_reads_them() {
    for row in table("inputs") {
        let request = decode_inference_request(unhex(&row[1])).unwrap();
        let spec = request.model_spec.unwrap();
        let read = [spec.name.to_string(), spec.signature_name.to_string(), examples(&request.input)];
        assert_eq!(read, row[2..], "{}", row[0]);
    }
}

#[test]
fn tasks_are_read_as_protobuf_reads_them() {
    for row in table("tasks") {
        let request = decode_multi_inference_request(unhex(&row[1])).unwrap();
        let tasks = request.tasks.iter().map(|task| {
            let ModelSpec { name, signature_name, .. } = task.model_spec.clone().unwrap_or_default();
            format!("{name}/{signature_name}/{}", task.method_name)
        });
        let tasks = tasks.collect::<Vec<_>>().join(",");
        let tasks = if tasks.is_empty() { "-".to_owned() } else { tasks };
        assert_eq!([tasks, examples(&request.input)], row[2..], "{}", row[0]);
    }
}

#[test]
fn session_requests_are_read_as_protobuf_reads_them() {
    for row in table("session_requests") {
        let request = decode_session_run_request(unhex(&row[1])).unwrap();
        let model = request.model_spec.map_or_else(|| "-".to_owned(), |spec| spec.name.to_string());
        let feeds: Vec<String> = request.feeds.iter().map(|(name, tensor)| format!("{name}={}", hex(tensor))).collect();
        let is_alias = request.tensor_name_is_alias.to_string();
        let [fetches, targets] = [request.fetches, request.targets]
            .map(|names| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(","));
        let read = [model, feeds.join(","), fetches, targets, is_alias];
        assert_eq!(read, row[2..], "{}", row[0]);
    }
}

/// The plan and the output tensors of a row of classifications.
fn classified(row: &[String]) -> (InferencePlan, Vec<Tensor>, usize) {
    let (num_examples, num_classes): (i64, i64) = (row[2].parse().unwrap(), row[3].parse().unwrap());
    let shape = Shape::from_slice(&[num_examples, num_classes]);
    let (mut names, mut tensors) = (Vec::new(), Vec::new());
    if row[4] != "-" {
        let labels: Vec<Bytes> = row[4].split(',').map(unhex).take(shape.iter().product::<i64>() as usize).collect();
        names.push("classes");
        tensors.push(Tensor::new(DType::String, shape.clone(), TensorData::Strings(labels)).unwrap());
    }
    if row[5] != "-" {
        names.push("scores");
        tensors.push(fixed(DType::Float, &shape, unhex(&row[5].replace(',', ""))));
    }
    (InferencePlan::classify(&signature(&["inputs"], &names)).unwrap(), tensors, num_examples as usize)
}

fn regressed(row: &[String]) -> (InferencePlan, Vec<Tensor>, usize) {
    let values = unhex(&row[2].replace(',', ""));
    let count = values.len() / 4;
    let tensor = fixed(DType::Float, &[count as i64], values);
    (InferencePlan::regress(&signature(&["inputs"], &["outputs"])).unwrap(), vec![tensor], count)
}

fn assert_written(row: &[String], outcome: InferenceOutcome<'_>) {
    let prepared = PreparedInference::new(InferenceAnswer { spec: SPEC, outcome }).unwrap();
    let mut out = Vec::new();
    prepared.write(&mut out);
    assert_eq!(hex(&out), row[1], "{}", row[0]);
    assert_eq!(prepared.encoded_len(), out.len(), "{}", row[0]);
}

#[test]
fn responses_are_written_as_protobuf_writes_them() {
    for row in table("classifications") {
        let (plan, tensors, count) = classified(&row);
        assert_written(&row, plan.outcome(&tensors, count).unwrap());
    }
    for row in table("regressions") {
        let (plan, tensors, count) = regressed(&row);
        assert_written(&row, plan.outcome(&tensors, count).unwrap());
    }
}

#[test]
fn multi_inference_responses_are_written_as_protobuf_writes_them() {
    let (classified_row, regressed_row) = (table("classifications").remove(0), table("regressions").remove(0));
    let runs = [classified(&classified_row), regressed(&regressed_row)];
    let outcomes = runs.iter().map(|(plan, tensors, count)| plan.outcome(tensors, *count).unwrap());
    let answers: Vec<_> = outcomes.map(|outcome| InferenceAnswer { spec: SPEC, outcome }).collect();
    for (row, answers) in table("multi").iter().zip([answers, Vec::new()]) {
        let prepared = PreparedMultiInference::new(answers).unwrap();
        let mut out = Vec::new();
        prepared.write(&mut out);
        assert_eq!(hex(&out), row[1], "{}", row[0]);
        assert_eq!(prepared.encoded_len(), out.len(), "{}", row[0]);
    }
}

#[test]
fn session_responses_are_written_as_protobuf_writes_them() {
    let text = Tensor::new(DType::String, Shape::new(), TensorData::Strings(vec!["q".into()])).unwrap();
    let (fetches, tensors) = (["b:0".into(), "a:0".into()], [floats(&[1.0, 2.0]), text]);
    let prepared = PreparedSessionRun::new(SessionRunResponse {
        spec: SPEC,
        fetches: &fetches,
        tensors: &tensors,
        form: TensorForm::TypedFields,
    });
    let mut out = Vec::new();
    prepared.write(&mut out);
    assert_eq!(hex(&out), table("session_responses")[0][1]);
    assert_eq!(prepared.encoded_len(), out.len());
}

#[test]
fn labels_that_no_client_could_read_are_refused() {
    let plan = InferencePlan::classify(&signature(&["inputs"], &["classes"])).unwrap();
    let labels = TensorData::Strings(vec!["ok".into(), Bytes::from_static(b"\xff")]);
    let tensors = [Tensor::new(DType::String, Shape::from_slice(&[2, 1]), labels).unwrap()];
    let outcome = plan.outcome(&tensors, 2).unwrap();
    let status = PreparedInference::new(InferenceAnswer { spec: SPEC, outcome }).unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    assert!(status.message.contains("'classes'") && status.message.contains("example 1"), "{status}");
    assert!(PreparedMultiInference::new([InferenceAnswer { spec: SPEC, outcome }]).is_err());
}
