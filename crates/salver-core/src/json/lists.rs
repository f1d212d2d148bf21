//! Nested lists to elements in row-major order.
//!
//! The rank is the number of lists around the first scalar. Each dimension is the length of the first list that closes
//! at its level, which is always the one that the descent along first elements meets; every later list is compared with
//! it. So one pass finds the shape, fills the elements and finds ragged lists.

use smallvec::SmallVec;

use super::cursor::Cursor;
use super::element::{self, Sink};
use crate::dtype::DType;
use crate::status::Status;
use crate::tensor::Shape;

/// A dimension that no list has fixed yet.
const UNKNOWN: i64 = -1;

/// Why a value is no dense tensor. The cursor stands on the value at fault, or behind a list of the wrong length.
#[derive(Debug)]
pub(super) enum Fault {
    /// The scalar is no element of the dtype.
    Misfit,
    /// A scalar stands inside `level` lists where the elements stand inside more.
    Shallow { level: usize },
    /// A list stands where the elements are.
    Deep,
    /// A list inside `level` others has `got` members.
    Length { level: usize, got: i64, expected: i64 },
}

/// Dimensions of the value under the cursor, all of them unknown: one for each list down to the first scalar.
pub(super) fn unknown_shape(cursor: &Cursor<'_>) -> Shape {
    let mut cursor = cursor.clone();
    let mut shape = Shape::new();
    while cursor.token() == b'[' {
        shape.push(UNKNOWN);
        if !cursor.enter(b']') {
            break;
        }
    }
    shape
}

/// Reads the value under the cursor into `sink`, filling in the dimensions of `shape` that are unknown.
pub(super) fn read<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S, shape: &mut [i64]) -> Result<(), Fault> {
    if shape.is_empty() {
        return read_scalar(cursor, sink);
    }
    // Members seen in each open list, outermost first; the elements' own list is never in here.
    let mut counts = SmallVec::<[i64; 8]>::new();
    loop {
        let level = counts.len();
        if cursor.token() != b'[' {
            return Err(Fault::Shallow { level });
        }
        if !cursor.enter(b']') {
            close(shape, level, 0)?;
        } else if level + 1 < shape.len() {
            counts.push(0);
            continue;
        } else {
            let got = read_elements(cursor, sink)?;
            close(shape, level, got)?;
        }
        if !next_list(cursor, shape, &mut counts)? {
            return Ok(());
        }
    }
}

fn read_scalar<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Result<(), Fault> {
    let is_list = cursor.token() == b'[';
    sink.push(cursor).map_err(|_| if is_list { Fault::Deep } else { Fault::Misfit })
}

/// Reads the members of the innermost list and steps out of it; gives their number.
fn read_elements<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Result<i64, Fault> {
    let mut count = 0;
    loop {
        if sink.push(cursor).is_err() {
            return Err(if cursor.peek() == b'[' { Fault::Deep } else { Fault::Misfit });
        }
        count += 1;
        if !cursor.more() {
            return Ok(count);
        }
    }
}

/// After a list has closed: closes the lists that end with it and steps to the next list, if there is one.
fn next_list(cursor: &mut Cursor<'_>, shape: &mut [i64], counts: &mut SmallVec<[i64; 8]>) -> Result<bool, Fault> {
    while let Some(count) = counts.last_mut() {
        *count += 1;
        if cursor.more() {
            return Ok(true);
        }
        let got = *count;
        counts.pop();
        close(shape, counts.len(), got)?;
    }
    Ok(false)
}

/// A list inside `level` others has ended after `got` members.
fn close(shape: &mut [i64], level: usize, got: i64) -> Result<(), Fault> {
    let expected = shape[level];
    if expected == UNKNOWN {
        shape[level] = got;
    } else if expected != got {
        return Err(Fault::Length { level, got, expected });
    }
    Ok(())
}

impl Fault {
    /// The error for this fault in a tensor of `rank` dimensions.
    pub(super) fn explain(&self, dtype: DType, rank: usize, cursor: &Cursor<'_>) -> Status {
        match *self {
            Fault::Misfit => element::explain_misfit(dtype, cursor),
            Fault::Shallow { level } => Status::invalid_argument(format!(
                "JSON value {} of type {} found at level {level} of nesting, expected at level {rank}, where the first \
                 element is: lists must be nested equally deep",
                cursor.quote(),
                cursor.kind()
            )),
            Fault::Deep => Status::invalid_argument(format!(
                "JSON list {} found at level {rank} of nesting, where a tensor of rank {rank} has its elements: lists \
                 must be nested equally deep",
                cursor.quote()
            )),
            Fault::Length { level, got, expected } => Status::invalid_argument(format!(
                "JSON list of length {got} found at level {level} of nesting, expected length {expected}, as the first \
                 list of that level has"
            )),
        }
    }
}
