//! The body of a predict request, in two steps around the lookup of the model.

use bytes::Bytes;

use super::cursor::Cursor;
use super::root::Root;
use super::{columns, rows};
use crate::signature::Signature;
use crate::status::Status;
use crate::tensor::Tensor;

/// How a request lays its tensors out; the answer takes the same form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `instances`, answered by `predictions`: one JSON value per row.
    Row,
    /// `inputs`, answered by `outputs`: one JSON value per tensor.
    Column,
}

/// A predict body that is known to be well-formed JSON. Owns a share of the body's memory.
#[derive(Clone, Debug)]
pub struct PredictBody {
    /// The body up to the end of the root object.
    text: Bytes,
    signature_name: String,
    /// Where the value of `instances` begins.
    instances: Option<usize>,
    /// Where the value of `inputs` begins.
    inputs: Option<usize>,
}

/// Checks the syntax of the whole document and finds its top-level members.
///
/// Skips a byte order mark, and ignores unknown members, repeated members after the first, and text after the root.
///
/// # Errors
/// INVALID_ARGUMENT for malformed JSON (with the byte offset), a root that is no object, and a `signature_name` that is
/// no string, looked for in this order.
pub fn scan_predict(body: &Bytes) -> Result<PredictBody, Status> {
    let root = Root::scan(body, ["instances", "inputs"])?;
    let [instances, inputs] = root.members;
    Ok(PredictBody { text: root.text, signature_name: root.signature_name, instances, inputs })
}

impl PredictBody {
    /// The signature asked for; empty when the body names none.
    pub fn signature_name(&self) -> &str {
        &self.signature_name
    }

    /// One tensor per `signature.inputs`, in that order. All inputs are required, whatever the signature's defaults.
    ///
    /// The element type comes from the signature and the shape from the body; the declared shape is not consulted.
    /// String elements share the body's memory where they stand in it unescaped.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where the body does not fit the signature. UNIMPLEMENTED for an input in column format whose
    /// dtype JSON cannot carry; in row format that is INVALID_ARGUMENT, as every fault of a row is.
    pub fn parse(&self, signature: &Signature) -> Result<(Format, Vec<Tensor>), Status> {
        if signature.inputs.is_empty() {
            return Err(Status::invalid_argument(format!(
                "signature \"{}\" has no inputs, so it cannot be called over REST",
                signature.name
            )));
        }
        match (self.instances, self.inputs) {
            (Some(pos), None) => Ok((Format::Row, rows::parse(&mut Cursor::new(&self.text, pos), signature)?)),
            (None, Some(pos)) => Ok((Format::Column, columns::parse(&mut Cursor::new(&self.text, pos), signature)?)),
            (Some(_), Some(_)) => Err(Status::invalid_argument(
                "the request has both \"instances\" (row format) and \"inputs\" (column format), expected one of them",
            )),
            (None, None) => Err(Status::invalid_argument(
                "the request has neither \"instances\" (row format) nor \"inputs\" (column format), expected one of them",
            )),
        }
    }
}
