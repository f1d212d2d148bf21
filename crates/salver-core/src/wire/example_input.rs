//! `tensorflow.serving.Input`: the examples of a classification or regression.
//!
//! An example is opaque here: never parsed, handed to the model as the bytes that came. A context is put before each,
//! which by protobuf's rules merges the two: what the example has of its own wins.
//!
//! The examples stay in the list that the message holds until they are wanted, so that a message of many empty
//! examples costs nothing before its [`MemoryBudget`] is known.

use std::mem::size_of;

use bytes::Bytes;
use smallvec::smallvec;

use crate::dtype::DType;
use crate::status::Status;
use crate::tensor::{Tensor, TensorData};
use crate::wire::reader::{Malformed, Reader, Span, Value, merged};
use crate::wire::tensor_decode::MemoryBudget;

/// Examples of one request, serialized. Cloning shares their memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExampleInput {
    /// A well-formed message whose every field 1 is an example.
    list: Bytes,
    num_examples: usize,
    /// What is put before each example; `None` in the form without context.
    context: Option<Vec<u8>>,
}

impl ExampleInput {
    /// The input over a serialized ExampleList of `num_examples` examples.
    pub(crate) fn from_list(list: Vec<u8>, num_examples: usize, context: Option<Vec<u8>>) -> Self {
        Self { list: list.into(), num_examples, context }
    }

    /// Merges the fields of a further occurrence of the message, which is a part of `source`.
    ///
    /// # Errors
    /// Not such a message. The examples themselves are not looked into.
    pub(crate) fn merge(&mut self, span: Span<'_>, source: &Bytes) -> Result<(), Malformed> {
        let mut fields = span.fields();
        while let Some(field) = fields.next_field()? {
            let Value::Span(list) = field.value else { continue };
            match field.number {
                1 => self.merge_list(list, source, None)?,
                2 => self.merge_list(list, source, Some(Vec::new()))?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Merges an ExampleList, or with `context` an ExampleListWithContext. The two exclude each other: a list of the
    /// other form takes the place of what there was.
    fn merge_list(&mut self, list: Span<'_>, source: &Bytes, context: Option<Vec<u8>>) -> Result<(), Malformed> {
        if self.context.is_some() != context.is_some() {
            *self = Self { context, ..Self::default() };
        }
        let mut fields = list.fields();
        while let Some(field) = fields.next_field()? {
            match (field.number, field.value, &mut self.context) {
                (1, Value::Span(_), _) => self.num_examples += 1,
                (2, Value::Span(part), Some(context)) => context.extend_from_slice(part.bytes),
                _ => {}
            }
        }
        self.list = merged(std::mem::take(&mut self.list), source.slice_ref(list.bytes));
        Ok(())
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.num_examples
    }

    /// Whether there is no example, whatever the context.
    pub fn is_empty(&self) -> bool {
        self.num_examples == 0
    }

    /// The examples in order, serialized, each with the context in front. Without context they share the memory of
    /// the message.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: they take more than `budget` has, which only the repeated context or very many very small
    /// examples can.
    pub fn examples(&self, budget: &mut MemoryBudget) -> Result<Vec<Bytes>, Status> {
        let context: &[u8] = self.context.as_deref().unwrap_or_default();
        let joined_len = if context.is_empty() { Some(0) } else { self.joined_len(context) };
        let list_len = self.num_examples.checked_mul(size_of::<Bytes>());
        let paid = list_len.zip(joined_len).and_then(|(list, joined)| list.checked_add(joined));
        paid.and_then(|bytes| budget.pay(1, bytes).ok()).ok_or_else(|| self.too_large(context, budget))?;
        let shared = self.parts().map(|example| self.list.slice_ref(example));
        Ok(if context.is_empty() { shared.collect() } else { self.joined(context, joined_len.unwrap_or(0)) })
    }

    /// The examples as a string tensor of one dimension.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: there are none, or they take more than the default [`MemoryBudget`].
    pub fn into_tensor(self) -> Result<Tensor, Status> {
        self.into_tensor_within(&mut MemoryBudget::default())
    }

    /// [`Self::into_tensor`] with a budget of the caller's.
    ///
    /// # Errors
    /// As there.
    pub fn into_tensor_within(self, budget: &mut MemoryBudget) -> Result<Tensor, Status> {
        if self.is_empty() {
            return Err(Status::invalid_argument("Input is empty: the request has no examples, expected at least one"));
        }
        let examples = self.examples(budget)?;
        Tensor::new(DType::String, smallvec![examples.len() as i64], TensorData::Strings(examples))
    }

    /// The examples without the context.
    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let mut fields = Reader::new(&self.list);
        std::iter::from_fn(move || {
            // The list was read to its end before, so a fault cannot come up.
            while let Ok(Some(field)) = fields.next_field() {
                if let (1, Value::Span(example)) = (field.number, field.value) {
                    return Some(example.bytes);
                }
            }
            None
        })
    }

    /// Bytes of all examples with the context before each.
    fn joined_len(&self, context: &[u8]) -> Option<usize> {
        let examples: usize = self.parts().map(<[u8]>::len).sum();
        context.len().checked_mul(self.num_examples)?.checked_add(examples)
    }

    /// The examples with the context before each, all in one buffer.
    fn joined(&self, context: &[u8], length: usize) -> Vec<Bytes> {
        let mut buffer = Vec::with_capacity(length);
        for example in self.parts() {
            buffer.extend_from_slice(context);
            buffer.extend_from_slice(example);
        }
        let mut rest = Bytes::from(buffer);
        self.parts().map(|example| rest.split_to(context.len() + example.len())).collect()
    }

    #[cold]
    fn too_large(&self, context: &[u8], budget: &MemoryBudget) -> Status {
        Status::invalid_argument(format!(
            "{} examples with a context of {} bytes before each exceed the {} bytes that a request's tensors may take",
            self.num_examples,
            context.len(),
            budget.total()
        ))
    }
}
