//! What must hold of every tensor that was read.

use salver_core::wire::{MemoryBudget, TensorForm, decode_tensor_within, encode_tensor, encoded_tensor_len};
use salver_core::{Tensor, TensorData};

/// What the tensors of one message may take in memory, in the targets.
pub const BUDGET_BYTES: usize = 1 << 20;

/// Heap that reading a message of `length` bytes may take: the budget, and the lists of what stands in the message,
/// where an entry of two bytes takes up to some hundred.
pub fn heap_limit(length: usize) -> usize {
    BUDGET_BYTES + 256 * length + (16 << 10)
}

/// The tensors hold no more than the message, which they may share, and the budget together.
///
/// # Panics
/// They hold more.
pub fn assert_within_budget<'a>(tensors: impl Iterator<Item = &'a Tensor>, message_length: usize) {
    let held: usize = tensors.map(Tensor::num_bytes).sum();
    assert!(held <= message_length + BUDGET_BYTES, "tensors of {held} bytes from a message of {message_length}");
}

/// `tensor` written in either form is read back as itself.
///
/// # Panics
/// It is not, or it is not as long as announced.
pub fn assert_round_trip(tensor: &Tensor) {
    for form in [TensorForm::TypedFields, TensorForm::TensorContent] {
        let mut message = Vec::new();
        encode_tensor(&mut message, tensor, form);
        assert_eq!(message.len(), encoded_tensor_len(tensor, form), "announced length in {form:?}");
        let again = decode_tensor_within(&message.into(), &mut MemoryBudget::default());
        assert_eq!(again.as_ref(), Ok(tensor), "in {form:?}");
    }
}

/// Both are the same but for the bits of values that are no number.
pub fn is_same(one: &Tensor, other: &Tensor) -> bool {
    use salver_core::DType::{Double, Float};
    let (TensorData::Fixed(a), TensorData::Fixed(b)) = (one.data(), other.data()) else { return one == other };
    let both_nan = |a: &[u8], b: &[u8]| match one.dtype() {
        Float => {
            f32::from_le_bytes(a.try_into().unwrap()).is_nan() && f32::from_le_bytes(b.try_into().unwrap()).is_nan()
        }
        Double => {
            f64::from_le_bytes(a.try_into().unwrap()).is_nan() && f64::from_le_bytes(b.try_into().unwrap()).is_nan()
        }
        _ => false,
    };
    let size = one.dtype().size();
    one.dtype() == other.dtype()
        && one.shape() == other.shape()
        && a.chunks(size).zip(b.chunks(size)).all(|(a, b)| a == b || both_nan(a, b))
}
