//! The bodies that answer classify and regress requests.

use super::layout::write_line;
use super::{float_format, strings};
use crate::inference::{Classifications, Regressions};

const HEAD: &[u8] = b"{\n    \"results\": [";
/// A guess at the text of a score or value.
const FLOAT_LEN: usize = 12;

/// The body that answers a classification: for each example a list of `[label, score]`. Labels are written as they
/// are, UTF-8 or not.
pub fn encode_classify_response(result: &Classifications<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + result.num_examples() * (4 + result.num_classes() * 2 * FLOAT_LEN));
    out.extend_from_slice(HEAD);
    for (index, classes) in result.examples().enumerate() {
        separate(index, &mut out);
        out.push(b'[');
        for (index, (label, score)) in classes.enumerate() {
            separate(index, &mut out);
            out.push(b'[');
            strings::write(label, &mut out);
            out.extend_from_slice(b", ");
            float_format::write(score, &mut out);
            out.push(b']');
        }
        out.push(b']');
    }
    write_line(1, &mut out);
    out.extend_from_slice(b"]\n}");
    out
}

/// The body that answers a regression: the value of each example, all on one line.
pub fn encode_regress_response(result: &Regressions<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + result.values().len() * FLOAT_LEN);
    out.extend_from_slice(HEAD);
    for (index, value) in result.values().enumerate() {
        separate(index, &mut out);
        float_format::write(value, &mut out);
    }
    out.extend_from_slice(b"]\n}");
    out
}

fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.extend_from_slice(b", ");
    }
}
