//! Every element type goes in and comes out unchanged.

use salver_core::{BatchInput, Call, DType, Executor, Shape, Tensor, TensorData};

use crate::support::{fixed, load, run, signature, texts};

/// Names of the echo model's signatures are TensorFlow's Python names.
fn signature_name(dtype: DType) -> String {
    let name = match dtype {
        DType::Float => "float32",
        DType::Double => "float64",
        other => other.name(),
    };
    format!("echo_{name}")
}

/// `count` elements that are valid for every type: 0 or 1 in each byte.
fn sample(dtype: DType, shape: &[i64]) -> Tensor {
    let count = shape.iter().product::<i64>() as usize;
    if dtype == DType::String {
        let long = vec![b'x'; 5000];
        let items: Vec<&[u8]> = (0..count).map(|at| [&b""[..], b"\xff\0short", &long][at % 3]).collect();
        return texts(shape, &items);
    }
    fixed(dtype, shape, (0..count * dtype.size()).map(|at| (at % 3 == 1) as u8).collect())
}

#[test]
fn every_type_and_rank_is_echoed() {
    let model = load("echo_all_dtypes/1");
    for &dtype in DType::ALL {
        for shape in [&[][..], &[0], &[7], &[2, 3], &[1, 2, 1, 3, 1, 1]] {
            let sent = sample(dtype, shape);
            let name = signature_name(dtype);
            let got = run(&model, &name, std::slice::from_ref(&sent)).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(got, [sent], "{name} {shape:?}");
        }
    }
}

#[test]
fn members_of_a_batch_are_joined() {
    let model = load("echo_all_dtypes/1");
    for dtype in [DType::Float, DType::String, DType::Bool] {
        let whole = sample(dtype, &[6, 2]);
        let parts = [(0, 1), (1, 3), (4, 0), (4, 2)].map(|(start, count)| whole.rows(start, count).unwrap());
        let name = signature_name(dtype);
        let inputs = [BatchInput::new(parts.to_vec())];
        let call = Call::new(signature(&model, &name), &inputs, &[0]);
        assert_eq!(model.run(&call).unwrap(), [whole], "{name}");
    }
}

#[test]
fn a_batch_is_filled_up_with_the_first_row_of_its_last_member() {
    let model = load("echo_all_dtypes/1");
    for dtype in [DType::Double, DType::String, DType::Bool] {
        let whole = sample(dtype, &[3, 2]);
        let row = |start| whole.rows(start, 1).unwrap();
        let members = vec![row(0), whole.rows(1, 2).unwrap()];
        let want = BatchInput::new(vec![whole.clone(), row(1), row(1)]).joined().unwrap();
        let name = signature_name(dtype);
        let inputs = [BatchInput::new(members).padded(2)];
        let call = Call::new(signature(&model, &name), &inputs, &[0]);
        assert_eq!(model.run(&call).unwrap(), [want], "{name}");
    }
}

#[test]
fn unaligned_memory_is_accepted() {
    let model = load("echo_all_dtypes/1");
    let block = bytes::Bytes::from((0..129u8).collect::<Vec<_>>());
    for start in 0..2 {
        let data = TensorData::Fixed(block.slice(start..start + 128));
        let sent = Tensor::new(DType::Complex128, Shape::from_slice(&[8]), data).unwrap();
        assert_eq!(run(&model, "echo_complex128", std::slice::from_ref(&sent)).unwrap(), [sent]);
    }
}
