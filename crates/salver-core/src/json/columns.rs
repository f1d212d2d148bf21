//! Column format: `"inputs": ...`, one value per tensor.
//!
//! An object names the tensors, unless it is the base64 form of a string. Any other value is the tensor of the
//! signature's only input.

use super::column::column_of;
use super::cursor::Cursor;
use crate::signature::{Signature, TensorSpec};
use crate::status::Status;
use crate::tensor::Tensor;

/// Reads the `inputs` under the cursor into one tensor per input.
pub(super) fn parse(cursor: &mut Cursor<'_>, signature: &Signature) -> Result<Vec<Tensor>, Status> {
    cursor.token();
    if cursor.at_plain_object() {
        return parse_named(cursor, signature);
    }
    let [input] = &*signature.inputs else {
        return Err(Status::invalid_argument(format!(
            "\"inputs\" must be an object that names the {} inputs of the signature, got {} of type {}",
            signature.inputs.len(),
            cursor.quote(),
            cursor.kind()
        )));
    };
    Ok(vec![parse_tensor(cursor, input)?])
}

fn parse_named(cursor: &mut Cursor<'_>, signature: &Signature) -> Result<Vec<Tensor>, Status> {
    let inputs = &signature.inputs;
    let object = cursor.clone();
    let mut tensors: Vec<Option<Tensor>> = vec![None; inputs.len()];
    let mut has_member = cursor.enter(b'}');
    while has_member {
        let key = cursor.member_name().bytes();
        match inputs.binary_search_by(|spec| spec.name.as_bytes().cmp(&key)) {
            Ok(index) if tensors[index].is_none() => tensors[index] = Some(parse_tensor(cursor, &inputs[index])?),
            // Of a repeated name the first member counts; members that name no input are ignored.
            _ => cursor.skip_value(),
        }
        has_member = cursor.more();
    }
    let missing = |index: usize| missing_input(&object, &inputs[index]);
    tensors.into_iter().enumerate().map(|(index, tensor)| tensor.ok_or_else(|| missing(index))).collect()
}

fn parse_tensor(cursor: &mut Cursor<'_>, input: &TensorSpec) -> Result<Tensor, Status> {
    let mut column = column_of(input.dtype);
    column
        .append(cursor)
        .and_then(|()| column.into_whole())
        .map_err(|inner| Status::new(inner.code, format!("cannot read input \"{}\": {}", input.name, inner.message)))
}

fn missing_input(object: &Cursor<'_>, input: &TensorSpec) -> Status {
    Status::invalid_argument(format!("\"inputs\" lacks the input \"{}\": got {}", input.name, object.quote()))
}
