//! The typed fields of a TensorProto to elements.
//!
//! For n elements by shape and k values sent: k = n as sent; k > n the rest is dropped; 0 < k < n the last value
//! repeats; k = 0 all are zero. A repeated field may come as packed runs, single values or any mixture.

use std::mem::size_of;

use bytes::Bytes;

use crate::dtype::DType;
use crate::status::Status;
use crate::tensor::TensorData;
use crate::wire::carrier::{CarrierKind, carrier_of};
use crate::wire::reader::{Malformed, Reader, Span, Value, Varints};
use crate::wire::tensor_decode::{MemoryBudget, malformed};

/// Reads `count` > 0 elements of `dtype` from the fields of the TensorProto `bytes` that begin at `values_at`.
pub(crate) fn typed_data(
    dtype: DType,
    count: usize,
    bytes: &Bytes,
    values_at: usize,
    budget: &mut MemoryBudget,
) -> Result<TensorData, Status> {
    let carrier = carrier_of(dtype);
    let values = Values { fields: Reader::starting_at(bytes, values_at), number: carrier.field };
    let unit = match carrier.kind {
        CarrierKind::Strings => return string_values(count, bytes, values, budget),
        CarrierKind::Fixed { unit } => unit,
        CarrierKind::Varint | CarrierKind::Bytes => 1,
    };
    if let (CarrierKind::Fixed { .. }, Some(length)) = (carrier.kind, count.checked_mul(dtype.size()))
        && let Some(slice) = values.clone().whole_run(unit, length).map_err(malformed)?
    {
        return Ok(TensorData::Fixed(bytes.slice_ref(slice)));
    }
    budget.pay(count, dtype.size())?;
    let elements = match carrier.kind {
        CarrierKind::Varint => varint_values(dtype, count, values),
        CarrierKind::Bytes => byte_values(count, values),
        _ => fixed_values(dtype.size(), unit, count, values),
    };
    elements.map(|elements| TensorData::Fixed(Bytes::from(elements))).map_err(malformed)
}

/// The occurrences of one typed field.
#[derive(Clone)]
struct Values<'a> {
    fields: Reader<'a>,
    number: u32,
}

impl<'a> Values<'a> {
    fn next(&mut self) -> Result<Option<Value<'a>>, Malformed> {
        while let Some(field) = self.fields.next_field()? {
            if field.number == self.number {
                return Ok(Some(field.value));
            }
        }
        Ok(None)
    }

    /// The first `length` bytes of the first occurrence, where that is a packed run and has so many.
    fn whole_run(mut self, unit: usize, length: usize) -> Result<Option<&'a [u8]>, Malformed> {
        match self.next()? {
            Some(Value::Span(run)) => packed_units(run, unit).map(|run| run.get(..length)),
            _ => Ok(None),
        }
    }

    /// The value of a singular `bytes` field: its last occurrence.
    fn last_span(mut self) -> Result<&'a [u8], Malformed> {
        let mut last: &[u8] = &[];
        while let Some(value) = self.next()? {
            if let Value::Span(span) = value {
                last = span.bytes;
            }
        }
        Ok(last)
    }
}

fn packed_units(run: Span<'_>, unit: usize) -> Result<&[u8], Malformed> {
    if run.bytes.len().is_multiple_of(unit) {
        return Ok(run.bytes);
    }
    Err(Malformed { what: "a packed run that ends within a value", offset: run.offset })
}

/// Float and double values, packed and single in any mixture.
fn fixed_values(size: usize, unit: usize, count: usize, mut values: Values<'_>) -> Result<Vec<u8>, Malformed> {
    let mut target = vec![0; count * size];
    let mut at = 0;
    while let Some(value) = values.next()? {
        let run: &[u8] = match value {
            Value::Span(run) => packed_units(run, unit)?,
            Value::Fixed32(single) if unit == 4 => single,
            Value::Fixed64(single) if unit == 8 => single,
            _ => continue,
        };
        let taken = run.len().min(target.len() - at);
        target[at..at + taken].copy_from_slice(&run[..taken]);
        at += taken;
    }
    let complete = at / size;
    target[complete * size..at].fill(0); // Half a complex value counts for nothing.
    repeat_last(&mut target, complete, size);
    Ok(target)
}

/// One byte per element, all in one value; such types are rare and small enough to copy.
fn byte_values(count: usize, values: Values<'_>) -> Result<Vec<u8>, Malformed> {
    let sent = values.last_span()?;
    let taken = sent.len().min(count);
    let mut target = vec![0; count];
    target[..taken].copy_from_slice(&sent[..taken]);
    repeat_last(&mut target, taken, 1);
    Ok(target)
}

fn varint_values(dtype: DType, count: usize, values: Values<'_>) -> Result<Vec<u8>, Malformed> {
    match (dtype, dtype.size()) {
        (DType::Bool, _) => narrow(count, values, |value| [u8::from(value != 0)]),
        (_, 1) => narrow(count, values, |value| [value as u8]),
        (_, 2) => narrow(count, values, |value| (value as u16).to_le_bytes()),
        (_, 4) => narrow(count, values, |value| (value as u32).to_le_bytes()),
        _ => narrow(count, values, |value| value.to_le_bytes()),
    }
}

/// Varints cut to `N` bytes each, packed and single in any mixture.
fn narrow<const N: usize>(
    count: usize,
    mut values: Values<'_>,
    cut: impl Fn(u64) -> [u8; N],
) -> Result<Vec<u8>, Malformed> {
    let mut target = vec![0; count * N];
    let (elements, _) = target.as_chunks_mut::<N>();
    let mut filled = 0;
    while let Some(value) = values.next()? {
        match value {
            Value::Varint(single) if filled < count => {
                elements[filled] = cut(single);
                filled += 1;
            }
            Value::Span(run) => filled += narrow_run(run.varints(), &mut elements[filled..], &cut)?,
            _ => {}
        }
    }
    repeat_last(&mut target, filled, N);
    Ok(target)
}

/// Fills `elements` from a packed run; says how many it filled. The run is read to its end even if they are fewer.
fn narrow_run<const N: usize>(
    mut run: Varints<'_>,
    elements: &mut [[u8; N]],
    cut: &impl Fn(u64) -> [u8; N],
) -> Result<usize, Malformed> {
    let mut filled = 0;
    while let Some(value) = run.next_value()? {
        if let Some(element) = elements.get_mut(filled) {
            *element = cut(value);
            filled += 1;
        }
    }
    Ok(filled)
}

/// Repeats the last of the first `filled` elements over the rest of `target`, which is zero so far.
fn repeat_last(target: &mut [u8], filled: usize, size: usize) {
    let start = filled * size;
    if filled == 0 || start >= target.len() || target[start - size..start].iter().all(|&byte| byte == 0) {
        return;
    }
    let first = start - size;
    let mut known = size;
    while first + known < target.len() {
        let more = known.min(target.len() - first - known);
        target.copy_within(first..first + more, first + known);
        known += more;
    }
}

fn string_values(
    count: usize,
    bytes: &Bytes,
    mut values: Values<'_>,
    budget: &mut MemoryBudget,
) -> Result<TensorData, Status> {
    budget.pay(count, size_of::<Bytes>())?;
    let mut strings = Vec::with_capacity(count);
    while let Some(value) = values.next().map_err(malformed)? {
        match value {
            Value::Span(string) if strings.len() < count => strings.push(bytes.slice_ref(string.bytes)),
            _ => {}
        }
    }
    let last = strings.last().cloned().unwrap_or_default();
    budget.pay(count - strings.len(), last.len())?; // The repeats share memory here, but runtimes copy each.
    strings.resize(count, last);
    Ok(TensorData::Strings(strings))
}
