//! Requests of the other kinds: ClassificationRequest and RegressionRequest, MultiInferenceRequest, SessionRunRequest.
//! Each input is read as all of them.

#![no_main]

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use salver_core::Signature;
use salver_core::wire::{
    EffectiveSpec, ExampleInput, MemoryBudget, PreparedSessionRun, SessionRunRequest, SessionRunResponse, TensorForm,
    decode_inference_request, decode_multi_inference_request, decode_session_run_request,
};
use salver_fuzz::{memory, signatures, tensors};

static SIGNATURES: LazyLock<Vec<Arc<Signature>>> =
    LazyLock::new(|| signatures::for_examples().into_iter().map(Arc::new).collect());

fuzz_target!(|data: &[u8]| {
    let signatures = &**SIGNATURES; // made outside of the watch over memory
    let message = Bytes::copy_from_slice(data);
    let limit = tensors::heap_limit(data.len());
    if let Ok(request) = memory::within(limit, || decode_inference_request(message.clone())) {
        check_examples(&request.input, data.len());
    }
    if let Ok(request) = memory::within(limit, || decode_multi_inference_request(message.clone())) {
        check_examples(&request.input, data.len());
        let find = |name: &str| signatures.iter().find(|signature| *signature.name == *name).cloned();
        for checks_methods in [false, true] {
            if let Ok(tasks) = memory::within(limit, || request.bind_tasks(checks_methods, find)) {
                assert_eq!(tasks.len(), request.tasks.len());
            }
        }
    }
    if let Ok(request) = memory::within(limit, || decode_session_run_request(message.clone())) {
        check_session_run(&request, data.len());
    }
});

/// There are as many examples as announced, within the budget.
fn check_examples(input: &ExampleInput, length: usize) {
    let mut budget = MemoryBudget::new(tensors::BUDGET_BYTES);
    let Ok(examples) = memory::within(tensors::heap_limit(length), || input.examples(&mut budget)) else { return };
    assert_eq!((examples.len(), examples.is_empty()), (input.len(), input.is_empty()));
    let Ok(tensor) = input.clone().into_tensor() else { return assert!(input.is_empty()) };
    tensors::assert_within_budget([&tensor].into_iter(), length);
}

/// What was fed, answered under the same names, is as long as announced.
fn check_session_run(request: &SessionRunRequest, length: usize) {
    let mut budget = MemoryBudget::new(tensors::BUDGET_BYTES);
    let decoded = memory::within(tensors::heap_limit(length), || request.decode_feeds(&mut budget));
    let Ok(feeds) = decoded else { return };
    tensors::assert_within_budget(feeds.iter(), length);
    let names: Vec<_> = request.feeds.iter().map(|(name, _)| name.clone()).collect();
    for form in [TensorForm::TypedFields, TensorForm::TensorContent] {
        let spec = EffectiveSpec { model_name: "m", version: 1, signature_name: "" };
        let response = PreparedSessionRun::new(SessionRunResponse { spec, fetches: &names, tensors: &feeds, form });
        let mut out = Vec::new();
        response.write(&mut out);
        assert_eq!(out.len(), response.encoded_len());
    }
}
