//! Row format: `"instances": [...]`, one member per row.
//!
//! The first member decides the form. Unnamed: each member is the value of the signature's only input. Named: each
//! member is an object with exactly the signature's inputs.

use super::column::{Column, column_of};
use super::cursor::{Cursor, shorten};
use super::strings::RawString;
use crate::signature::{Signature, TensorSpec};
use crate::status::Status;
use crate::tensor::Tensor;

/// Reads the `instances` under the cursor into one tensor per input.
pub(super) fn parse(cursor: &mut Cursor<'_>, signature: &Signature) -> Result<Vec<Tensor>, Status> {
    if cursor.token() != b'[' {
        return Err(Status::invalid_argument(format!(
            "\"instances\" must be a list, got {} of type {}",
            cursor.quote(),
            cursor.kind()
        )));
    }
    if !cursor.enter(b']') {
        return Err(Status::invalid_argument("\"instances\" must have at least one element, got an empty list"));
    }
    let is_named = cursor.at_plain_object();
    let columns = signature.inputs.iter().map(|spec| column_of(spec.dtype)).collect();
    let mut rows = Rows { inputs: &signature.inputs, columns, index: 0 };
    if is_named {
        rows.read_named(cursor)?;
    } else {
        rows.read_unnamed(cursor)?;
    }
    rows.columns.into_iter().map(Column::into_rows).collect()
}

struct Rows<'s> {
    inputs: &'s [TensorSpec],
    columns: Vec<Box<dyn Column>>,
    /// The row being read.
    index: usize,
}

impl Rows<'_> {
    fn read_unnamed(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Status> {
        let ([input], [column]) = (self.inputs, &mut *self.columns) else {
            return Err(Status::invalid_argument(format!(
                "elements of \"instances\" must be objects that name the {} inputs {}, got {} of type {}",
                self.inputs.len(),
                input_names(self.inputs),
                cursor.quote(),
                cursor.kind()
            )));
        };
        loop {
            if cursor.at_plain_object() && self.index > 0 {
                return Err(mixed_forms(self.index, cursor, "an unnamed value"));
            }
            column.append(cursor).map_err(|inner| {
                Status::invalid_argument(format!(
                    "element {} of \"instances\" does not fit input \"{}\": {inner}",
                    self.index, input.name
                ))
            })?;
            self.index += 1;
            if !cursor.more() {
                return Ok(());
            }
        }
    }

    fn read_named(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Status> {
        loop {
            if cursor.peek() != b'{' {
                return Err(mixed_forms(self.index, cursor, "an object with named inputs"));
            }
            self.read_object(cursor)?;
            self.index += 1;
            if !cursor.more() {
                return Ok(());
            }
        }
    }

    fn read_object(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Status> {
        let start = cursor.clone();
        let mut num_members = 0;
        let mut has_member = cursor.enter(b'}');
        while has_member {
            let key = cursor.member_name();
            self.read_member(cursor, key, num_members)?;
            num_members += 1;
            has_member = cursor.more();
        }
        if num_members < self.inputs.len() { Err(self.missing_input(&start)) } else { Ok(()) }
    }

    fn read_member(&mut self, cursor: &mut Cursor<'_>, key: RawString<'_>, guess: usize) -> Result<(), Status> {
        let input = self.find_input(key, guess).ok_or_else(|| self.unknown_input(key))?;
        let column = &mut self.columns[input];
        if column.num_values() > self.index {
            return Err(self.duplicate_input(key));
        }
        column.append(cursor).map_err(|inner| {
            Status::invalid_argument(format!(
                "element {} of \"instances\" does not fit at key \"{}\": {inner}",
                self.index,
                key.display()
            ))
        })
    }

    /// The input called `key`; clients often send keys in the inputs' order, so `guess` is tried first.
    fn find_input(&self, key: RawString<'_>, guess: usize) -> Option<usize> {
        if self.inputs.get(guess).is_some_and(|spec| key.is(&spec.name)) {
            return Some(guess);
        }
        self.inputs.binary_search_by(|spec| spec.name.as_bytes().cmp(&key.bytes())).ok()
    }

    #[cold]
    fn unknown_input(&self, key: RawString<'_>) -> Status {
        Status::invalid_argument(format!(
            "element {} of \"instances\" has key \"{}\", but the signature has no such named input; its inputs are {}",
            self.index,
            shorten(key.display().as_bytes()),
            input_names(self.inputs)
        ))
    }

    #[cold]
    fn duplicate_input(&self, key: RawString<'_>) -> Status {
        Status::invalid_argument(format!(
            "element {} of \"instances\" has key \"{}\" more than once",
            self.index,
            key.display()
        ))
    }

    #[cold]
    fn missing_input(&self, object: &Cursor<'_>) -> Status {
        Status::invalid_argument(format!(
            "element {} of \"instances\" lacks an input: got {}, required are {}",
            self.index,
            object.quote(),
            input_names(self.inputs)
        ))
    }
}

#[cold]
fn mixed_forms(index: usize, cursor: &Cursor<'_>, expected: &str) -> Status {
    Status::invalid_argument(format!(
        "element {index} of \"instances\" is {} of type {}, expected {expected}, as the first element is",
        cursor.quote(),
        cursor.kind()
    ))
}

fn input_names(inputs: &[TensorSpec]) -> String {
    inputs.iter().map(|spec| &*spec.name).collect::<Vec<_>>().join(",")
}
