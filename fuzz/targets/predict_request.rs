//! PredictRequest: decoded, bound to signatures, and its tensors written back as a PredictResponse.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use salver_core::Signature;
use salver_core::wire::reader::{Reader, Value};
use salver_core::wire::{
    BoundPredict, MemoryBudget, PredictResponse, PreparedResponse, TensorForm, bind_within, decode_predict_request,
};
use salver_fuzz::{memory, signatures, tensors};

static SIGNATURES: LazyLock<Vec<Signature>> = LazyLock::new(signatures::with_defaults);

fuzz_target!(|data: &[u8]| {
    let signatures = &*SIGNATURES; // made outside of the watch over memory
    let limit = tensors::heap_limit(data.len());
    let body = Bytes::copy_from_slice(data);
    let Ok(request) = memory::within(limit, || decode_predict_request(body)) else { return };
    for signature in signatures {
        let copy = request.clone();
        let mut budget = MemoryBudget::new(tensors::BUDGET_BYTES);
        match memory::within(limit, || bind_within(copy, signature, &mut budget)) {
            Ok(bound) => check_bound(signature, &bound, data.len()),
            Err(status) => assert!(status.message.len() < 8192 + data.len(), "{}", status.message),
        }
    }
});

fn check_bound(signature: &Signature, bound: &BoundPredict, length: usize) {
    assert_eq!(bound.inputs.len(), signature.inputs.len());
    let defaults: usize = signature.defaults.iter().map(|(_, tensor)| tensor.num_bytes()).sum();
    tensors::assert_within_budget(bound.inputs.iter(), length + defaults);
    for form in [TensorForm::TypedFields, TensorForm::TensorContent] {
        check_response(signature, bound, form);
    }
}

/// The response is as long as announced, and its outputs are those asked for.
fn check_response(signature: &Signature, bound: &BoundPredict, form: TensorForm) {
    let chosen: Vec<_> = bound.outputs.iter().map(|&index| bound.inputs[index].clone()).collect();
    let response = PreparedResponse::new(PredictResponse {
        model_name: "m",
        version: 1,
        signature_name: &signature.name,
        signature,
        output_indexes: &bound.outputs,
        tensors: &chosen,
        form,
    });
    let mut message = Vec::new();
    response.write(&mut message);
    assert_eq!(message.len(), response.encoded_len());
    let mut num_outputs = 0;
    let mut fields = Reader::new(&message);
    while let Some(field) = fields.next_field().expect("a response is a message") {
        num_outputs += usize::from(field.number == 1 && matches!(field.value, Value::Span(_)));
    }
    assert_eq!(num_outputs, bound.outputs.len());
}
