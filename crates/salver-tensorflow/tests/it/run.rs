//! Runs: answers, order, odd signatures, errors, deadlines, threads.

use std::time::{Duration, Instant};

use salver_core::{BatchInput, Call, Code, DType, Executor, Status, Tensor, TensorData};
use salver_tensorflow::{ExecutorChoice, LoadOptions, RunPlace, SavedModel};

use crate::support::{bytes, fixed, float_values, floats, load, load_with, run, signature, texts};

/// A serialized `tf.Example` with one float feature.
fn example(name: &str, value: f32) -> Vec<u8> {
    let field = |number: u8, content: &[u8]| {
        let mut bytes = vec![number << 3 | 2, content.len() as u8];
        bytes.extend_from_slice(content);
        bytes
    };
    let list = field(2, &field(1, &value.to_le_bytes()));
    let entry = [field(1, name.as_bytes()), field(2, &list)].concat();
    field(1, &field(1, &entry))
}

/// Runs chosen outputs of a signature with one input.
fn run_outputs(model: &SavedModel, name: &str, input: Tensor, outputs: &[usize]) -> Result<Vec<Tensor>, Status> {
    let inputs = [BatchInput::single(input)];
    model.run(&Call::new(signature(model, name), &inputs, outputs))
}

/// Lets the loop model go round; `None` for no deadline.
fn spin(model: &SavedModel, rounds: i32, time: Option<Duration>) -> Result<Vec<Tensor>, Status> {
    let inputs =
        [fixed(DType::Int32, &[], rounds.to_le_bytes().to_vec()), floats(&[1], &[0.0])].map(BatchInput::single);
    let deadline = time.map(|time| Instant::now() + time);
    model.run(&Call { deadline, ..Call::new(signature(model, "serving_default"), &inputs, &[0]) })
}

#[test]
fn half_plus_two_halves_and_adds_two() {
    for name in ["half_plus_two/1", "ref_variables/1"] {
        let answer = run(&load(name), "serving_default", &[floats(&[3], &[1.0, 2.0, 5.0])]).unwrap();
        assert_eq!(float_values(&answer[0]), [2.5, 3.0, 4.5], "{name}");
    }
}

#[test]
fn two_versions_answer_side_by_side() {
    let models = [load("swap/1"), load("swap/2")];
    let answers =
        models.map(|model| float_values(&run(&model, "serving_default", &[floats(&[1], &[2.0])]).unwrap()[0]));
    assert_eq!(answers, [[3.0], [4.0]]);
}

#[test]
fn examples_are_parsed_by_the_graph() {
    let model = load("half_plus_two/1");
    let sent = texts(&[2], &[&example("x", 1.0), &example("x", 3.0)]);
    let answer = run(&model, "classify_x_to_y", &[sent]).unwrap();
    assert_eq!(answer[0], texts(&[2, 1], &[b"2.5", b"3.5"]));
    assert_eq!(answer[1], floats(&[2, 1], &[2.5, 3.5]));
}

#[test]
fn a_malformed_example_is_an_invalid_argument() {
    let error = run(&load("half_plus_two/1"), "classify_x_to_y", &[texts(&[1], &[b"\xff\xff"])]).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    assert!(!error.message.contains('\n'), "{error}");
}

#[test]
fn a_table_is_filled_from_its_asset_file() {
    let answer = run(&load("lookup/1"), "serving_default", &[texts(&[3], &[b"two", b"none", b"zero"])]).unwrap();
    let expected: Vec<u8> = [2i64, -1, 0].into_iter().flat_map(i64::to_le_bytes).collect();
    assert_eq!(bytes(&answer[0]), expected);
}

#[test]
fn loops_of_both_kinds_run() {
    for name in ["while_v1/1", "while_v1_no_op_list/1", "while_v2/1"] {
        let answer = spin(&load(name), 5, None).unwrap();
        assert_eq!(float_values(&answer[0]), [5.0], "{name}");
    }
}

#[test]
fn outputs_come_in_the_order_asked_for() {
    let model = load("odd_signatures/1");
    for outputs in [&[0, 1, 2, 3][..], &[3, 0], &[2], &[1, 1, 0], &[3, 2, 1, 0]] {
        let answer = run_outputs(&model, "many_outputs", floats(&[1], &[10.0]), outputs).unwrap();
        let expected: Vec<_> = outputs.iter().map(|&at| floats(&[1], &[10.0 + at as f32])).collect();
        assert_eq!(answer, expected, "{outputs:?}");
    }
}

#[test]
fn two_inputs_of_one_tensor_need_equal_values() {
    let model = load("odd_signatures/1");
    let two = floats(&[1], &[2.0]);
    let answer = run(&model, "twins", &[two.clone(), two.clone()]).unwrap();
    assert_eq!(answer, [floats(&[1], &[4.0]), floats(&[1], &[4.0])]);
    let error = run(&model, "twins", &[two, floats(&[1], &[3.0])]).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    assert!(error.message.contains("inputs a and b"), "{error}");
}

#[test]
fn an_output_that_is_an_input_is_answered() {
    let model = load("odd_signatures/1");
    let x = floats(&[2], &[1.0, 2.0]);
    assert_eq!(run(&model, "pass_through", std::slice::from_ref(&x)).unwrap(), [x.clone(), floats(&[2], &[2.0, 4.0])]);
    assert_eq!(run(&model, "only_pass_through", std::slice::from_ref(&x)).unwrap(), std::slice::from_ref(&x));
    let inputs = [BatchInput::new(vec![x.clone(), x])];
    let call = Call::new(signature(&model, "only_pass_through"), &inputs, &[0]);
    assert_eq!(model.run(&call).unwrap(), [floats(&[4], &[1.0, 2.0, 1.0, 2.0])]);
}

#[test]
fn a_signature_without_inputs_runs() {
    let answer = run(&load("odd_signatures/1"), "no_inputs", &[]).unwrap();
    assert_eq!(bytes(&answer[0]), 42i32.to_le_bytes());
}

#[test]
fn a_sparse_signature_is_unimplemented_and_names_the_input() {
    let error = run(&load("odd_signatures/1"), "sparse", &[floats(&[1], &[1.0])]).unwrap_err();
    assert_eq!(error.code, Code::Unimplemented);
    assert!(error.message.contains("signature sparse"), "{error}");
}

#[test]
fn a_tensor_that_the_graph_lacks_is_named() {
    let error = run(&load("odd_signatures/1"), "missing_tensor", &[floats(&[1], &[1.0])]).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    assert!(error.message.contains("no_such_tensor:0"), "{error}");
}

#[test]
fn a_wrong_type_is_an_invalid_argument_with_both_types() {
    let error = run(&load("half_plus_two/1"), "serving_default", &[texts(&[1], &[b"1"])]).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    assert!(error.message.contains("float") && error.message.contains("string"), "{error}");
}

#[test]
fn a_wrong_shape_is_an_invalid_argument() {
    let error = run(&load("mlp/1"), "serving_default", &[floats(&[1, 3], &[0.0; 3])]).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
}

#[test]
fn a_failing_operation_answers_its_message_on_one_line() {
    let error = run(&load("odd_signatures/1"), "fails", &[floats(&[1], &[-1.0])]).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    assert!(error.message.contains("x must be positive") && !error.message.contains('\n'), "{error}");
}

#[test]
fn a_call_with_the_wrong_number_of_inputs_is_refused() {
    assert_eq!(run(&load("mlp/1"), "serving_default", &[]).unwrap_err().code, Code::Internal);
}

#[test]
fn a_run_after_its_deadline_does_not_begin() {
    let error = spin(&load("while_v2/1"), 1, Some(Duration::ZERO)).unwrap_err();
    assert_eq!(error.code, Code::DeadlineExceeded);
}

#[test]
fn a_run_on_the_pool_ends_at_its_deadline() {
    let on_pool = LoadOptions { run_place: RunPlace::Pool, ..LoadOptions::default() };
    for name in ["while_v1/1", "while_v2/1"] {
        let error = spin(&load_with(name, &on_pool).unwrap(), 2_000_000, Some(Duration::from_millis(20))).unwrap_err();
        assert_eq!(error.code, Code::DeadlineExceeded, "{name}");
    }
}

#[test]
fn long_runs_move_to_the_pool_and_then_end_at_their_deadline() {
    let general = LoadOptions { executor: ExecutorChoice::General, ..LoadOptions::default() };
    let model = load_with("while_v2/1", &general).unwrap();
    for _ in 0..20 {
        spin(&model, 10_000, None).unwrap();
    }
    let error = spin(&model, 2_000_000, Some(Duration::from_millis(20))).unwrap_err();
    assert_eq!(error.code, Code::DeadlineExceeded);
}

#[test]
fn a_deadline_far_away_changes_nothing() {
    for (run_place, executor) in [
        (RunPlace::Pool, ExecutorChoice::General),
        (RunPlace::Caller, ExecutorChoice::General),
        (RunPlace::Caller, ExecutorChoice::Auto),
    ] {
        let model = load_with("while_v2/1", &LoadOptions { run_place, executor, ..LoadOptions::default() }).unwrap();
        let answer = spin(&model, 3, Some(Duration::from_secs(3600 * 24 * 365))).unwrap();
        assert_eq!(float_values(&answer[0]), [3.0]);
    }
}

#[test]
fn threads_run_one_model_at_the_same_time() {
    let model = load("mlp/1");
    let input = |seed: usize| floats(&[1, 32], &[seed as f32 / 8.0; 32]);
    let expected: Vec<_> = (0..8).map(|seed| run(&model, "serving_default", &[input(seed)]).unwrap()).collect();
    std::thread::scope(|scope| {
        for (seed, expected) in expected.iter().enumerate() {
            let model = &model;
            scope.spawn(move || {
                for _ in 0..200 {
                    assert_eq!(run(model, "serving_default", &[input(seed)]).unwrap(), *expected);
                }
            });
        }
    });
}

#[test]
fn texts_share_one_block_of_memory() {
    let answer = run(&load("echo_all_dtypes/1"), "echo_string", &[texts(&[2], &[b"ab", b"cd"])]).unwrap();
    match answer[0].data() {
        TensorData::Strings(texts) => assert_eq!(texts[0].as_ptr().wrapping_add(2), texts[1].as_ptr()),
        TensorData::Fixed(_) => panic!("not strings"),
    }
}

#[test]
fn shapes_that_would_end_the_process_fail_their_call_alone() {
    let model = load("echo_all_dtypes/1");
    let huge = i64::MAX / 2;
    for shape in [vec![1; 255], vec![huge, huge, 0], vec![0, huge, huge]] {
        let count = if shape.contains(&0) { 0 } else { 1 };
        let error = run(&model, "echo_float32", &[floats(&shape, &vec![1.0; count])]).unwrap_err();
        assert_eq!(error.code, Code::InvalidArgument, "{error}");
    }
    let deep = run(&model, "echo_float32", &[floats(&[1; 254], &[1.0])]).unwrap();
    assert_eq!(deep[0].shape().len(), 254);
}
