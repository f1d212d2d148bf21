//! Round trips of every dtype, and bytes that nobody meant.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use salver_core::wire::{
    MemoryBudget, ModelSpec, TensorForm, decode_predict_request, decode_tensor, decode_tensor_within, encode_tensor,
    encoded_tensor_len,
};
use salver_core::{DType, Shape, Tensor, TensorData};

fn any_tensor() -> impl Strategy<Value = Tensor> {
    (proptest::sample::select(DType::ALL), vec(0i64..5, 0..4)).prop_flat_map(|(dtype, shape)| {
        let count = shape.iter().product::<i64>() as usize;
        let data = if dtype == DType::String {
            vec(vec(any::<u8>(), 0..200).prop_map(Bytes::from), count).prop_map(TensorData::Strings).boxed()
        } else {
            let byte = if dtype == DType::Bool { (0u8..2).boxed() } else { any::<u8>().boxed() };
            vec(byte, count * dtype.size()).prop_map(|bytes| TensorData::Fixed(bytes.into())).boxed()
        };
        data.prop_map(move |data| Tensor::new(dtype, Shape::from_slice(&shape), data).unwrap())
    })
}

fn any_form() -> impl Strategy<Value = TensorForm> {
    prop_oneof![Just(TensorForm::TypedFields), Just(TensorForm::TensorContent)]
}

fn written(tensor: &Tensor, form: TensorForm) -> Vec<u8> {
    let mut out = Vec::new();
    encode_tensor(&mut out, tensor, form);
    out
}

fn read_everything(bytes: Bytes) {
    let _ = decode_tensor_within(&bytes, &mut MemoryBudget::new(1 << 20));
    let _ = ModelSpec::decode(&bytes);
    if let Ok(request) = decode_predict_request(bytes) {
        for (_, tensor) in request.inputs {
            let _ = decode_tensor_within(&tensor, &mut MemoryBudget::new(1 << 20));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(tensor in any_tensor(), form in any_form()) {
        let bytes = written(&tensor, form);
        prop_assert_eq!(bytes.len(), encoded_tensor_len(&tensor, form));
        prop_assert_eq!(decode_tensor(bytes.into()).unwrap(), tensor);
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..300)) {
        read_everything(bytes.into());
    }

    #[test]
    fn damaged_messages_do_no_harm(
        tensor in any_tensor(),
        form in any_form(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let inner = written(&tensor, form);
        let entry = [b"\x0a\x01x\x12".to_vec(), length(inner.len()), inner].concat();
        let mut bytes = [b"\x0a\x03\x0a\x01m\x12".to_vec(), length(entry.len()), entry].concat();
        for (index, value) in damage {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        read_everything(bytes.clone().into());
        bytes.truncate(cut.index(bytes.len()));
        read_everything(bytes.into());
    }
}

fn length(value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    salver_core::wire::writer::put_varint(&mut out, value as u64);
    out
}
