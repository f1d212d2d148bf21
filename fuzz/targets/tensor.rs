//! TensorProto: what is read is within the budget and survives both ways of writing it.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use salver_core::wire::{MemoryBudget, decode_tensor_within};
use salver_fuzz::{memory, tensors};

fuzz_target!(|data: &[u8]| {
    let message = Bytes::copy_from_slice(data);
    let decoded = memory::within(tensors::heap_limit(data.len()), || {
        decode_tensor_within(&message, &mut MemoryBudget::new(tensors::BUDGET_BYTES))
    });
    if let Ok(tensor) = decoded {
        tensors::assert_within_budget([&tensor].into_iter(), data.len());
        tensors::assert_round_trip(&tensor);
    }
});
