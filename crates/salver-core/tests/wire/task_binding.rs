//! Which multi-inference requests fit a servable, and the order in which faults are found.

use std::sync::Arc;

use bytes::Bytes;
use salver_core::wire::{BoundTask, MultiInferenceRequest, decode_multi_inference_request};
use salver_core::{Code, Signature, Status};

use crate::support::{signature, span};

const CLASSIFY: &str = "tensorflow/serving/classify";
const REGRESS: &str = "tensorflow/serving/regress";

/// A request of these (model, signature, method).
fn request(tasks: &[(&str, &str, &str)]) -> MultiInferenceRequest {
    let task = |(model, signature, method): &(&str, &str, &str)| {
        let spec = [span(1, model.as_bytes()), span(3, signature.as_bytes())].concat();
        span(1, &[span(1, &spec), span(2, method.as_bytes())].concat())
    };
    decode_multi_inference_request(tasks.iter().flat_map(task).collect::<Vec<u8>>().into()).unwrap()
}

/// The signatures of the servable: `serving_default` and `c` classify, `r` regresses, `p` does neither.
fn find(name: &str) -> Option<Arc<Signature>> {
    let mut found = match name {
        "serving_default" | "c" => signature(&["inputs"], &["classes", "scores"]),
        "r" => signature(&["inputs"], &["outputs"]),
        "p" => signature(&["x"], &["y"]),
        _ => return None,
    };
    found.name = name.into();
    found.method = if name == "r" { REGRESS.into() } else { CLASSIFY.into() };
    Some(Arc::new(found))
}

fn bind(checks_methods: bool, tasks: &[(&str, &str, &str)]) -> Result<Vec<BoundTask>, Status> {
    request(tasks).bind_tasks(checks_methods, find)
}

#[test]
fn tasks_get_their_signatures_in_order() {
    let bound = bind(true, &[("m", "r", REGRESS), ("m", "", CLASSIFY), ("m", "c", CLASSIFY)]).unwrap();
    let got: Vec<(&str, &[usize])> = bound.iter().map(|task| (&*task.signature.name, task.plan.outputs())).collect();
    assert_eq!(got, [("r", &[0][..]), ("serving_default", &[0, 1]), ("c", &[0, 1])]);
}

#[test]
fn the_first_task_picks_the_servable() {
    assert_eq!(request(&[("m", "", CLASSIFY), ("n", "", "")]).servable_spec().unwrap().name, "m");
    let no_spec = decode_multi_inference_request(Bytes::from_static(b"\x0a\x00")).unwrap();
    for empty in [MultiInferenceRequest::default(), no_spec, request(&[("", "s", CLASSIFY)])] {
        let status = empty.servable_spec().unwrap_err();
        assert_eq!(status.code, Code::InvalidArgument);
        assert!(status.message.contains("Missing model name"), "{status}");
        assert_eq!(empty.bind_tasks(false, find).unwrap_err(), status);
    }
}

#[test]
fn the_first_fault_of_the_first_faulty_task_wins() {
    let good = ("m", "c", CLASSIFY);
    for (faulty, code, part) in [
        (("", "c", "x"), Code::InvalidArgument, "task 1 has no model name"),
        (("n", "c", "x"), Code::InvalidArgument, "task 1 is for model 'n', expected 'm'"),
        (("m", "c", "x"), Code::InvalidArgument, "task 1 asks for signature 'c' again"),
        (("m", "nope", "x"), Code::InvalidArgument, "signature 'nope' of task 1 not found in model m"),
        (("m", "p", "x"), Code::Unimplemented, "task 1 has the method 'x'"),
        (("m", "p", "tensorflow/serving/predict"), Code::Unimplemented, "task 1 has the method"),
        (("m", "p", CLASSIFY), Code::InvalidArgument, "signature 'p'"),
        (("m", "r", CLASSIFY), Code::InvalidArgument, "signature 'r'"),
        (("m", "", REGRESS), Code::InvalidArgument, "signature 'serving_default'"),
    ] {
        for later in [good, ("", "", "")] {
            let status = bind(false, &[good, faulty, later]).unwrap_err();
            assert_eq!(status.code, code, "{faulty:?}: {status}");
            assert!(status.message.contains(part), "{part:?} in {status}");
        }
    }
}

#[test]
fn an_empty_signature_name_is_the_default_one() {
    let status = bind(false, &[("m", "", CLASSIFY), ("m", "serving_default", CLASSIFY)]).unwrap_err();
    assert!(status.message.contains("'serving_default' again"), "{status}");
}

#[test]
fn declared_methods_count_where_they_are_checked() {
    let wrong = |name: &str| {
        let mut found = find(name)?.as_ref().clone();
        found.method = "tensorflow/serving/predict".into();
        Some(Arc::new(found))
    };
    let request = request(&[("m", "c", CLASSIFY)]);
    assert!(request.bind_tasks(false, wrong).is_ok());
    let status = request.bind_tasks(true, wrong).unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    assert!(status.message.contains(CLASSIFY) && status.message.contains("predict"), "{status}");
}
