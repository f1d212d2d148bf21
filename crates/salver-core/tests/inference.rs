//! What signatures can classify and regress, and which outputs are accepted.

use salver_core::inference::{ClassifyPlan, Method, RegressPlan, check_method, classifications, regressions};
use salver_core::{Code, DType, Shape, Signature, Status, Tensor, TensorData, TensorSpec};

fn signature(inputs: &[&str], outputs: &[&str]) -> Signature {
    let specs = |names: &[&str]| {
        let spec = |&name: &&str| TensorSpec {
            name: name.into(),
            runtime_name: name.into(),
            dtype: DType::String,
            shape: None,
        };
        names.iter().map(spec).collect()
    };
    Signature {
        name: "sig".into(),
        method: "some/method".into(),
        inputs: specs(inputs),
        outputs: specs(outputs),
        defaults: Vec::new(),
    }
}

fn floats(shape: &[i64], values: &[f32]) -> Tensor {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor::new(DType::Float, Shape::from_slice(shape), TensorData::Fixed(bytes.into())).unwrap()
}

fn strings(shape: &[i64], values: &[&'static str]) -> Tensor {
    let strings = values.iter().map(|&value| value.into()).collect();
    Tensor::new(DType::String, Shape::from_slice(shape), TensorData::Strings(strings)).unwrap()
}

fn doubles(shape: &[i64]) -> Tensor {
    let bytes = vec![0; 8 * shape.iter().product::<i64>() as usize];
    Tensor::new(DType::Double, Shape::from_slice(shape), TensorData::Fixed(bytes.into())).unwrap()
}

fn assert_refused<T: std::fmt::Debug>(result: Result<T, Status>, part: &str) {
    let status = result.expect_err(part);
    assert_eq!(status.code, Code::InvalidArgument, "{status}");
    assert!(status.message.contains(part), "{part:?} is not in {status}");
}

// === signatures ===

#[test]
fn classification_runs_the_outputs_it_reads() {
    for (outputs, want) in [
        (&["classes"][..], &[0][..]),
        (&["scores"], &[0]),
        (&["classes", "scores"], &[0, 1]),
        (&["classes", "other"], &[0]),
        (&["a", "scores"], &[1]),
    ] {
        assert_eq!(ClassifyPlan::from_signature(&signature(&["inputs"], outputs)).unwrap().outputs(), want);
    }
}

#[test]
fn classification_names_the_first_fault_of_the_signature() {
    for (inputs, outputs, part) in [
        (&[][..], &[][..], "expected one input, called 'inputs', got 0"),
        (&["a", "b"], &["x", "y", "z"], "expected one input, called 'inputs', got 2"),
        (&["a"], &[], "expected one or two outputs, got 0"),
        (&["a"], &["x", "y", "z"], "expected one or two outputs, got 3"),
        (&["a"], &["x"], "expected the input to be called 'inputs'"),
        (&["inputs"], &["x", "y"], "expected an output called 'classes' or 'scores'"),
    ] {
        let signature = signature(inputs, outputs);
        let declared = format!(
            "signature 'sig' with method 'some/method' has inputs {{{}}} and outputs {{{}}}",
            inputs.join(","),
            outputs.join(",")
        );
        assert_refused(ClassifyPlan::from_signature(&signature), part);
        assert_refused(ClassifyPlan::from_signature(&signature), &declared);
    }
}

#[test]
fn regression_names_the_first_fault_of_the_signature() {
    assert_eq!(RegressPlan::from_signature(&signature(&["inputs"], &["outputs"])).unwrap().outputs(), [0]);
    for (inputs, outputs, part) in [
        (&["a", "b"][..], &["x", "y"][..], "expected one input, called 'inputs', got 2"),
        (&["a"], &["x", "y"], "expected one output, called 'outputs', got 2"),
        (&["a"], &["x"], "expected the input to be called 'inputs'"),
        (&["inputs"], &["x"], "expected the output to be called 'outputs'"),
    ] {
        assert_refused(RegressPlan::from_signature(&signature(inputs, outputs)), part);
    }
}

#[test]
fn the_dump_of_a_large_signature_is_cut() {
    let names: Vec<String> = (0..10_000).map(|index| format!("output_{index:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let status = ClassifyPlan::from_signature(&signature(&["inputs"], &names)).unwrap_err();
    assert!(status.message.contains(" more}") && status.message.len() < 1024, "{status}");
}

// === methods ===

#[test]
fn methods_are_checked_as_declared() {
    for (declared, asked, want) in [
        ("tensorflow/serving/predict", Method::Predict, None),
        ("tensorflow/serving/classify", Method::Predict, None),
        ("tensorflow/serving/regress", Method::Predict, None),
        ("", Method::Predict, Some(Code::Internal)),
        ("other", Method::Predict, Some(Code::Internal)),
        ("tensorflow/serving/classify", Method::Classify, None),
        ("tensorflow/serving/regress", Method::Classify, Some(Code::InvalidArgument)),
        ("tensorflow/serving/predict", Method::Classify, Some(Code::InvalidArgument)),
        ("tensorflow/serving/regress", Method::Regress, None),
        ("tensorflow/serving/classify", Method::Regress, Some(Code::InvalidArgument)),
        ("", Method::Regress, Some(Code::InvalidArgument)),
    ] {
        let mut signature = signature(&[], &[]);
        signature.method = declared.into();
        let got = check_method(&signature, asked).err();
        assert_eq!(got.as_ref().map(|status| status.code), want, "{declared} {asked:?}");
        for part in ["'sig'", &format!("'{declared}'"), asked.name()] {
            assert!(got.iter().all(|status| status.message.contains(part)), "{part} in {got:?}");
        }
    }
}

#[test]
fn methods_are_found_by_name() {
    for method in Method::ALL {
        assert_eq!(Method::from_name(method.name()), Some(method));
    }
    assert_eq!(Method::from_name(""), None);
    assert_eq!(Method::from_name("classify"), None);
}

// === classifications ===

fn plan(outputs: &[&str]) -> ClassifyPlan {
    ClassifyPlan::from_signature(&signature(&["inputs"], outputs)).unwrap()
}

fn classes_of(outputs: &[&str], tensors: &[Tensor], count: usize) -> Vec<Vec<(String, f32)>> {
    let result = classifications(&plan(outputs), tensors, count).unwrap();
    assert_eq!(result.num_examples(), count);
    let text = |(label, score): (&[u8], f32)| (String::from_utf8(label.to_vec()).unwrap(), score);
    let examples: Vec<Vec<_>> = result.examples().map(|classes| classes.map(text).collect()).collect();
    assert!(examples.iter().all(|classes| classes.len() == result.num_classes()));
    examples
}

#[test]
fn classes_are_read_row_by_row() {
    let (labels, scores) = (strings(&[2, 2], &["a", "b", "c", ""]), floats(&[2, 2], &[0.5, 1.0, -2.0, 0.0]));
    let pair = |label: &str, score| (label.to_owned(), score);
    assert_eq!(
        classes_of(&["classes", "scores"], &[labels.clone(), scores.clone()], 2),
        [[pair("a", 0.5), pair("b", 1.0)], [pair("c", -2.0), pair("", 0.0)]]
    );
    assert_eq!(
        classes_of(&["classes", "other"], &[labels], 2),
        [[pair("a", 0.0), pair("b", 0.0)], [pair("c", 0.0), pair("", 0.0)]]
    );
    assert_eq!(
        classes_of(&["other", "scores"], &[scores], 2),
        [[pair("", 0.5), pair("", 1.0)], [pair("", -2.0), pair("", 0.0)]]
    );
    assert_eq!(classes_of(&["scores"], &[floats(&[3, 0], &[])], 3), vec![vec![]; 3]);
}

#[test]
fn labels_are_not_copied() {
    let labels = [strings(&[1, 1], &["label"])];
    let TensorData::Strings(held) = labels[0].data() else { panic!("strings") };
    let result = classifications(&plan(&["classes"]), &labels, 1).unwrap();
    let (label, _) = result.examples().next().unwrap().next().unwrap();
    assert_eq!(label.as_ptr(), held[0].as_ptr());
}

#[test]
fn unsound_classes_are_refused_in_order() {
    let both = ["classes", "scores"];
    let good = strings(&[2, 1], &["a", "b"]);
    for (labels, scores, part) in [
        (floats(&[2], &[0.0; 2]), floats(&[2], &[0.0; 2]), "output 'classes' has shape [2], expected two dimensions"),
        (floats(&[3, 1], &[0.0; 3]), good.clone(), "output 'classes' is of type float, expected string"),
        (strings(&[3, 1], &["a"; 3]), good.clone(), "output 'classes' has a first dimension of 3, expected 2"),
        (good.clone(), strings(&[], &["a"]), "output 'scores' has shape [], expected two dimensions"),
        (good.clone(), doubles(&[2, 1]), "output 'scores' is of type double, expected float"),
        (good.clone(), floats(&[1, 2], &[0.0; 2]), "output 'scores' has a first dimension of 1, expected 2"),
        (
            good.clone(),
            floats(&[2, 2], &[0.0; 4]),
            "'classes' has 1 classes for each example and output 'scores' has 2",
        ),
    ] {
        assert_refused(classifications(&plan(&both), &[labels, scores], 2), part);
    }
    assert_eq!(classifications(&plan(&both), &[good], 2).unwrap_err().code, Code::Internal);
}

// === regressions ===

#[test]
fn values_are_read_with_and_without_a_second_dimension() {
    let plan = RegressPlan::from_signature(&signature(&["inputs"], &["outputs"])).unwrap();
    for shape in [&[2][..], &[2, 1]] {
        let tensors = [floats(shape, &[1.5, -0.0])];
        let values: Vec<u32> = regressions(&plan, &tensors, 2).unwrap().values().map(f32::to_bits).collect();
        assert_eq!(values, [1.5f32.to_bits(), (-0.0f32).to_bits()]);
    }
    for (tensor, part) in [
        (doubles(&[]), "output 'outputs' has shape [], expected [number of examples] or [number of examples, 1]"),
        (doubles(&[2, 2]), "has shape [2, 2]"),
        (doubles(&[2, 1, 1]), "has shape [2, 1, 1]"),
        (doubles(&[3]), "has a first dimension of 3, expected 2, the number of examples"),
        (doubles(&[2]), "is of type double, expected float"),
    ] {
        assert_refused(regressions(&plan, &[tensor], 2), part);
    }
    assert_eq!(regressions(&plan, &[], 2).unwrap_err().code, Code::Internal);
}
