//! Round trips of every dtype, and bytes that nobody meant.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use salver_core::wire::{
    MemoryBudget, ModelSpec, TensorForm, decode_inference_request, decode_multi_inference_request,
    decode_predict_request, decode_session_run_request, decode_tensor, decode_tensor_within, encode_tensor,
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

fn small_budget() -> MemoryBudget {
    MemoryBudget::new(1 << 20)
}

fn read_everything(bytes: Bytes) {
    let _ = decode_tensor_within(&bytes, &mut small_budget());
    let _ = ModelSpec::decode(&bytes);
    if let Ok(request) = decode_predict_request(bytes.clone()) {
        for (_, tensor) in request.inputs {
            let _ = decode_tensor_within(&tensor, &mut small_budget());
        }
    }
    if let Ok(request) = decode_session_run_request(bytes.clone()) {
        let _ = request.decode_feeds(&mut small_budget());
    }
    let inputs = [
        decode_inference_request(bytes.clone()).map(|request| request.input),
        decode_multi_inference_request(bytes).map(|request| request.input),
    ];
    for input in inputs.into_iter().flatten() {
        assert_eq!(input.examples(&mut small_budget()).unwrap().len(), input.len());
    }
}

/// The bytes of a length-delimited field of a number below 16.
fn field(number: u8, value: &[u8]) -> Vec<u8> {
    [vec![number << 3 | 2], length(value.len()), value.to_vec()].concat()
}

/// A serialized inference request.
fn inference_request(context: Option<&[u8]>, examples: &[Vec<u8>]) -> Vec<u8> {
    let list: Vec<u8> = examples.iter().flat_map(|example| field(1, example)).collect();
    let input = match context {
        None => field(1, &list),
        Some(context) => field(2, &[list, field(2, context)].concat()),
    };
    [field(1, &field(1, b"m")), field(2, &input)].concat()
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
        let context = inner[..inner.len().min(9)].to_vec();
        let entry = [field(1, b"x"), field(2, &inner)].concat();
        let predict = [field(1, &field(1, b"m")), field(2, &entry)].concat();
        for mut bytes in [predict, inference_request(Some(&context), &[entry, inner])] {
            for (index, value) in &damage {
                let at = index.index(bytes.len());
                bytes[at] = *value;
            }
            read_everything(bytes.clone().into());
            bytes.truncate(cut.index(bytes.len()));
            read_everything(bytes.into());
        }
    }

    #[test]
    fn examples_are_cut_as_they_were_put(
        context in proptest::option::of(vec(any::<u8>(), 0..200)),
        examples in vec(vec(any::<u8>(), 0..200), 0..8),
    ) {
        let message = inference_request(context.as_deref(), &examples);
        let input = decode_inference_request(message.into()).unwrap().input;
        let front = context.unwrap_or_default();
        let whole: Vec<Vec<u8>> = examples.iter().map(|example| [&front[..], example].concat()).collect();
        prop_assert_eq!(input.examples(&mut MemoryBudget::default()).unwrap(), whole);
        prop_assert_eq!(input.into_tensor().is_ok(), !examples.is_empty());
    }
}

fn length(value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    salver_core::wire::writer::put_varint(&mut out, value as u64);
    out
}
