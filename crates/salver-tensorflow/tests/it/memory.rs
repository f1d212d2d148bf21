//! Memory of tensors: who keeps it, and that it is given back.

use crate::support::{float_values, floats, load, run, texts};

/// Resident memory of this process in bytes.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("statm is read");
    let pages: usize = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096
}

/// Repeats `once` and checks that memory grows by less than a third of what a leak of `bytes` each would take: other
/// tests of this process load models meanwhile.
#[track_caller]
fn assert_no_leak(bytes: usize, mut once: impl FnMut()) {
    const ROUNDS: usize = 3000;
    (0..300).for_each(|_| once());
    let before = resident_bytes();
    (0..ROUNDS).for_each(|_| once());
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < ROUNDS * bytes / 3, "{grown} bytes more after {ROUNDS} runs of {bytes} bytes");
}

#[test]
fn texts_are_freed_after_a_run() {
    let model = load("echo_all_dtypes/1");
    let long = vec![b'x'; 100_000];
    let sent = texts(&[2], &[&long, b"short"]);
    assert_no_leak(100_000, || drop(run(&model, "echo_string", std::slice::from_ref(&sent)).unwrap()));
}

#[test]
fn fixed_tensors_are_freed_after_a_run() {
    let model = load("echo_all_dtypes/1");
    let sent = floats(&[25_000], &[1.0; 25_000]);
    assert_no_leak(100_000, || drop(run(&model, "echo_float32", std::slice::from_ref(&sent)).unwrap()));
}

#[test]
fn values_of_a_failed_run_are_freed() {
    let model = load("echo_all_dtypes/1");
    let long = vec![b'x'; 100_000];
    let sent = texts(&[1], &[&long]);
    assert_no_leak(100_000, || drop(run(&model, "echo_float32", std::slice::from_ref(&sent)).unwrap_err()));
}

#[test]
fn an_answer_outlives_its_model() {
    let model = load("half_plus_two/1");
    let answer = run(&model, "serving_default", &[floats(&[2], &[1.0, 2.0])]).unwrap();
    drop(model);
    assert_eq!(float_values(&answer[0]), [2.5, 3.0]);
}
