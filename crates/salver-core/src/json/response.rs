//! The bodies of answers, byte for byte as clients of the protocol know them.

use super::Format;
use super::layout::{Place, Style, write_line};
use super::scalar::Output;
use super::strings;
use crate::signature::Signature;
use crate::status::Status;
use crate::tensor::Tensor;

/// The body that answers a predict request; `outputs` has one tensor per `signature.outputs`, in that order.
///
/// With one output its name is left out. String outputs whose name ends with `_bytes` are written as base64 objects;
/// other strings are written as they are, UTF-8 or not.
///
/// # Errors
/// INVALID_ARGUMENT where the outputs cannot be written in this form: none at all, a dtype without JSON form, and in row
/// format a scalar or outputs that disagree in their first dimension. INTERNAL where `outputs` do not belong to
/// `signature`.
pub fn encode_predict_response(format: Format, signature: &Signature, outputs: &[Tensor]) -> Result<Vec<u8>, Status> {
    if outputs.len() != signature.outputs.len() {
        return Err(Status::internal(format!(
            "signature \"{}\" has {} outputs, got {} tensors",
            signature.name,
            signature.outputs.len(),
            outputs.len()
        )));
    }
    let outputs = (signature.outputs.iter().zip(outputs))
        .map(|(spec, tensor)| Output::new(&spec.name, tensor))
        .collect::<Result<Vec<_>, _>>()?;
    if outputs.is_empty() {
        return Err(Status::invalid_argument(format!("signature \"{}\" has no outputs to answer", signature.name)));
    }
    let mut out = Vec::with_capacity(expected_length(&outputs));
    match format {
        Format::Row => write_rows(&outputs, &mut out)?,
        Format::Column => write_columns(&outputs, &mut out),
    }
    Ok(out)
}

/// The body of a failed request.
pub fn encode_error(message: &str) -> Vec<u8> {
    let mut out = b"{\n    \"error\": ".to_vec();
    strings::write(message.as_bytes(), &mut out);
    out.extend_from_slice(b"\n}");
    out
}

/// The same with the name of the code, for clients that need not read the message.
pub fn encode_coded_error(status: &Status) -> Vec<u8> {
    let mut out = b"{\"error\": ".to_vec();
    strings::write(status.message.as_bytes(), &mut out);
    out.extend_from_slice(format!(", \"code\": \"{}\"}}\n", status.code.name()).as_bytes());
    out
}

/// A guess that spares most of the growing.
fn expected_length(outputs: &[Output<'_>]) -> usize {
    outputs.iter().map(|output| output.tensor.num_bytes() + output.tensor.num_elements() * 8).sum::<usize>() + 64
}

// === row format ===

fn write_rows(outputs: &[Output<'_>], out: &mut Vec<u8>) -> Result<(), Status> {
    let num_rows = common_rows(outputs)?;
    out.extend_from_slice(b"{\n    \"predictions\": [");
    match outputs {
        [output] => write_unnamed_rows(output, num_rows, out),
        _ => write_named_rows(outputs, num_rows, out),
    }
    if num_rows > 0 {
        write_line(1, out);
    }
    out.extend_from_slice(b"]\n}");
    Ok(())
}

/// The first dimension, which all outputs must share.
fn common_rows(outputs: &[Output<'_>]) -> Result<usize, Status> {
    let mut expected = None;
    for Output { name, tensor } in outputs {
        let got = tensor.num_rows().ok_or_else(|| {
            Status::invalid_argument(format!(
                "output \"{name}\" has no shape information: a scalar has no rows to write in row format"
            ))
        })?;
        let expected = *expected.get_or_insert(got);
        if got != expected {
            return Err(Status::invalid_argument(format!(
                "output \"{name}\" has batch size {got}, expected {expected}, as the outputs before it have"
            )));
        }
    }
    Ok(expected.unwrap_or(0))
}

fn write_unnamed_rows(output: &Output<'_>, num_rows: usize, out: &mut Vec<u8>) {
    for row in 0..num_rows {
        if row > 0 {
            out.extend_from_slice(b", ");
        }
        write_row(output, row, num_rows, 2, out);
    }
}

fn write_named_rows(outputs: &[Output<'_>], num_rows: usize, out: &mut Vec<u8>) {
    for row in 0..num_rows {
        if row > 0 {
            out.push(b',');
        }
        write_line(2, out);
        write_object(outputs, 2, out, |output, out| write_row(output, row, num_rows, 3, out));
    }
}

fn write_row(output: &Output<'_>, row: usize, num_rows: usize, level: usize, out: &mut Vec<u8>) {
    let per_row = output.tensor.num_elements() / num_rows;
    output.write(&output.tensor.shape()[1..], row * per_row, Place { style: Style::Inline, level }, out);
}

// === column format ===

fn write_columns(outputs: &[Output<'_>], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\n    \"outputs\": ");
    match outputs {
        [output] => write_column(output, 1, out),
        _ => write_object(outputs, 1, out, |output, out| write_column(output, 2, out)),
    }
    out.extend_from_slice(b"\n}");
}

fn write_column(output: &Output<'_>, level: usize, out: &mut Vec<u8>) {
    output.write(output.tensor.shape(), 0, Place { style: Style::Lines, level }, out);
}

/// Appends an object inside `level` containers with one member per output.
fn write_object(
    outputs: &[Output<'_>],
    level: usize,
    out: &mut Vec<u8>,
    mut value: impl FnMut(&Output<'_>, &mut Vec<u8>),
) {
    out.push(b'{');
    for (index, output) in outputs.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_line(level + 1, out);
        strings::write(output.name.as_bytes(), out);
        out.extend_from_slice(b": ");
        value(output, out);
    }
    write_line(level, out);
    out.push(b'}');
}
