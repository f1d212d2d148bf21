//! Bodies that answer classify and regress requests.

use salver_core::inference::{ClassifyPlan, RegressPlan, classifications, regressions};
use salver_core::json::{encode_classify_response, encode_regress_response};
use salver_core::{DType, Tensor};

use crate::support::{fixed, signature, strings};

fn classify(named: &[(&str, Tensor)]) -> Vec<u8> {
    let outputs: Vec<(&str, DType)> = named.iter().map(|(name, tensor)| (*name, tensor.dtype())).collect();
    let tensors: Vec<Tensor> = named.iter().map(|(_, tensor)| tensor.clone()).collect();
    let plan = ClassifyPlan::from_signature(&signature(&[("inputs", DType::String)], &outputs)).expect("a plan");
    let num_examples = tensors[0].num_rows().expect("rows");
    encode_classify_response(&classifications(&plan, &tensors, num_examples).expect("sound outputs"))
}

fn regress(values: &[f32]) -> String {
    let outputs = [fixed(DType::Float, &[values.len() as i64], values)];
    let signature = signature(&[("inputs", DType::String)], &[("outputs", DType::Float)]);
    let plan = RegressPlan::from_signature(&signature).expect("a plan");
    let body = encode_regress_response(&regressions(&plan, &outputs, values.len()).expect("sound outputs"));
    String::from_utf8(body).expect("UTF-8")
}

#[test]
fn classes_stand_in_one_list_for_each_example() {
    let labels = strings(&[2, 2], &[b"a", b"quote \"", "é\n".as_bytes(), b""]);
    let scores = fixed(DType::Float, &[2, 2], &[0.5f32, 1.0, 9e6, f32::NAN]);
    for (outputs, want) in [
        (
            vec![("classes", labels.clone()), ("scores", scores.clone())],
            r#"[["a", 0.5], ["quote \"", 1.0]], [["é\n", 9e+06], ["", NaN]]"#,
        ),
        (vec![("classes", labels)], r#"[["a", 0.0], ["quote \"", 0.0]], [["é\n", 0.0], ["", 0.0]]"#),
        (vec![("scores", scores)], r#"[["", 0.5], ["", 1.0]], [["", 9e+06], ["", NaN]]"#),
        (vec![("scores", fixed::<f32>(DType::Float, &[2, 0], &[]))], "[], []"),
    ] {
        let body = String::from_utf8(classify(&outputs)).expect("UTF-8");
        assert_eq!(body, format!("{{\n    \"results\": [{want}\n    ]\n}}"));
    }
}

#[test]
fn labels_that_are_no_text_pass_as_other_strings_do() {
    let body = classify(&[("classes", strings(&[1, 1], &[b"\xff"]))]);
    assert!(body.windows(3).any(|bytes| bytes == b"\"\xff\""));
}

#[test]
fn values_stand_on_one_line() {
    assert_eq!(regress(&[1.0]), "{\n    \"results\": [1.0]\n}");
    assert_eq!(
        regress(&[0.2, -0.0, 555_557.5, f32::NEG_INFINITY]),
        "{\n    \"results\": [0.2, -0.0, 555557.5, -Infinity]\n}"
    );
}
