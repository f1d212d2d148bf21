//! What loads, what does not, and how it says so.

use std::path::{Path, PathBuf};

use salver_core::{Code, DType};
use salver_tensorflow::{ExecutorChoice, LoadOptions, RunPlace, Runtime, SavedModel};

use crate::support::{
    CopiedModel, LIBRARIES, bytes, fixed, float_values, floats, library_folder, load, load_error, load_with, run,
    runtime,
};

fn with_tags(tags: &[&str]) -> LoadOptions {
    LoadOptions { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..LoadOptions::default() }
}

fn with_executor(executor: ExecutorChoice) -> LoadOptions {
    LoadOptions { executor, ..LoadOptions::default() }
}

#[test]
fn the_runtime_tells_its_version() {
    assert!(runtime().version().split('.').count() >= 3, "{}", runtime().version());
}

#[test]
fn a_missing_library_is_named_with_its_package_and_without_its_folder() {
    let error = Runtime::open(&[PathBuf::from("/nowhere/at/all/libtensorflow_cc.so.2")]).err().unwrap();
    assert_eq!(error.code, Code::FailedPrecondition);
    assert!(error.message.contains("tensorflow-cpu") && error.message.contains("libtensorflow_cc.so.2"), "{error}");
    assert!(!error.message.contains("/nowhere"), "{error}");
}

#[test]
fn a_library_without_the_c_api_is_refused_by_the_function_that_it_lacks() {
    let error = Runtime::open(&[library_folder().join(LIBRARIES[0])]).err().unwrap();
    assert_eq!(error.code, Code::FailedPrecondition);
    assert!(error.message.contains("TF_"), "{error}");
}

#[test]
fn a_library_of_operations_that_cannot_be_loaded_is_named_without_its_folder() {
    let error = runtime().load_library(Path::new("/nowhere/at/all/my_ops.so")).unwrap_err();
    assert!(error.message.contains("my_ops.so") && !error.message.contains("/nowhere"), "{error}");
}

#[test]
fn a_folder_without_a_model_is_not_found() {
    let error = load_error("no_such_model/1", &LoadOptions::default());
    assert_eq!(error.code, Code::NotFound);
    assert!(error.message.contains("saved_model.pb") && !error.message.contains('/'), "{error}");
}

#[test]
fn a_truncated_model_file_is_data_loss() {
    let error = load_error("corrupt_truncated/1", &LoadOptions::default());
    assert_eq!(error.code, Code::DataLoss);
    assert!(!error.message.contains('/'), "{error}");
}

#[test]
fn an_unknown_operation_is_named() {
    let error = load_error("corrupt_unknown_op/1", &LoadOptions::default());
    assert!(error.message.contains("NoSuchOperation"), "{error}");
    assert!(!error.message.contains("tests/data"), "{error}");
}

#[test]
fn lost_variables_are_an_error_that_names_no_path_of_the_server() {
    let copy = CopiedModel::new("mlp/1", "lost-variables");
    std::fs::remove_file(copy.0.join("variables/variables.data-00000-of-00001")).unwrap();
    let error = SavedModel::load(runtime(), &copy.0, &LoadOptions::default()).err().unwrap();
    assert!(!error.message.contains(&*copy.0.to_string_lossy()), "{error}");
    assert!(error.message.contains("variables/variables"), "{error}");
}

#[test]
fn tags_choose_the_meta_graph_in_any_order() {
    for (tags, expected) in [(&["serve"][..], 2.0), (&["serve", "gpu"], 3.0), (&["gpu", "serve"], 3.0)] {
        let model = load_with("two_tag_sets/1", &with_tags(tags)).unwrap();
        let answer = run(&model, "serving_default", &[floats(&[1], &[1.0])]).unwrap();
        assert_eq!(float_values(&answer[0]), [expected], "{tags:?}");
    }
}

#[test]
fn tags_that_no_meta_graph_has_exactly_are_not_found_and_the_available_ones_are_listed() {
    for tags in [&["gpu"][..], &["serve", "gpu", "tpu"], &[]] {
        let error = load_error("two_tag_sets/1", &with_tags(tags));
        assert_eq!(error.code, Code::NotFound);
        assert!(error.message.contains("{serve}, {gpu, serve}"), "{error}");
    }
}

#[test]
fn a_model_in_text_form_is_loaded() {
    let answer = run(&load("text_format/1"), "serving_default", &[floats(&[1], &[1.0])]).unwrap();
    assert_eq!(float_values(&answer[0]), [2.5]);
}

#[test]
fn wrong_tags_of_a_model_in_text_form_are_not_found() {
    assert_eq!(load_error("text_format/1", &with_tags(&["gpu"])).code, Code::NotFound);
}

#[cfg(unix)]
#[test]
fn a_model_is_found_behind_a_symbolic_link_and_dots() {
    let copy = CopiedModel::new("lookup/1", "linked");
    let link = copy.0.with_extension("link");
    std::os::unix::fs::symlink(copy.0.join("variables"), &link).unwrap();
    let loaded = SavedModel::load(runtime(), &link.join(".."), &LoadOptions::default());
    std::fs::remove_file(&link).unwrap();
    assert_eq!(loaded.unwrap().signatures().len(), 1);
}

#[test]
fn the_single_threaded_executor_runs_what_it_can_and_the_general_one_the_rest() {
    for (name, expected) in [
        ("half_plus_two/1", true),
        ("mlp/1", true),
        ("lookup/1", true),
        ("while_v2/1", true),
        ("ref_variables/1", false),
        ("while_v1/1", false),
        ("while_v1_no_op_list/1", false),
    ] {
        assert_eq!(load(name).is_single_threaded(), expected, "{name}");
    }
}

#[test]
fn a_model_that_the_executor_asked_for_cannot_run_fails_to_load() {
    for name in ["ref_variables/1", "while_v1/1"] {
        let error = load_error(name, &with_executor(ExecutorChoice::SingleThreaded));
        assert!(error.message.contains("ingle-threaded executor"), "{name}: {error}");
    }
}

#[test]
fn the_general_executor_is_used_where_asked_for_and_on_the_pool() {
    let on_pool = LoadOptions { run_place: RunPlace::Pool, ..LoadOptions::default() };
    for options in [with_executor(ExecutorChoice::General), on_pool] {
        let model = load_with("mlp/1", &options).unwrap();
        assert!(!model.is_single_threaded());
        let answer = run(&model, "serving_default", &[floats(&[1, 32], &[0.1; 32])]).unwrap();
        assert!((float_values(&answer[0]).iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}

#[test]
fn compiling_at_load_runs_nothing() {
    let model = load("counter/1");
    let answer = run(&model, "serving_default", &[fixed(DType::Int64, &[], 5i64.to_le_bytes().to_vec())]).unwrap();
    assert_eq!(bytes(&answer[0]), 5i64.to_le_bytes());
}

#[test]
fn a_session_configuration_is_taken_over() {
    let options = LoadOptions {
        config_proto: Some(vec![0x38, 1]), // allow_soft_placement
        intra_op_threads: Some(1),
        inter_op_threads: Some(1),
        ..LoadOptions::default()
    };
    load_with("half_plus_two/1", &options).unwrap();
}

#[test]
fn a_session_configuration_that_is_none_is_refused() {
    let options = LoadOptions { config_proto: Some(b"not a proto".to_vec()), ..LoadOptions::default() };
    let error = load_error("half_plus_two/1", &options);
    assert_eq!(error.code, Code::InvalidArgument);
    assert!(error.message.contains("ConfigProto"), "{error}");
}
