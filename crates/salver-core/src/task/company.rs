//! Which requests may share a batch.
//!
//! Being of one group is an equivalence: what may join one member of a batch may join each. So it can be told from two
//! requests alone, whichever of them came first.

use smallvec::SmallVec;

use crate::batching::{LengthBuckets, Policy};
use crate::signature::Signature;
use crate::task::PredictTask;
use crate::tensor::{Shape, Tensor};

/// Largest rank of tensors that are extended to the length of others.
const MAX_PADDED_RANK: usize = 6;
/// A row whose dimensions are all so small that rows of any such shapes take at most this many elements together can be
/// extended to any other such row. Above it, a dimension is at most doubled.
const MAX_SMALL_ROW: usize = 1 << 12;

/// Whether two requests for one signature, with inputs that can be joined, may run in one batch.
pub(super) fn are_joined(a: &PredictTask, b: &PredictTask, policy: &Policy) -> bool {
    let have_equal_rows = |(a, b): (&Tensor, &Tensor)| a.shape()[1..] == b.shape()[1..];
    let pairs = || a.inputs.iter().zip(&b.inputs);
    pairs().all(|(a, b)| a.dtype() == b.dtype())
        && (pairs().all(have_equal_rows)
            || (policy.pad_variable_length_inputs
                && pairs().all(|(a, b)| can_be_extended(a.shape(), b.shape()))
                && a.bucket(policy) == b.bucket(policy)))
}

/// Whether both may be extended to the larger of each dimension. Neither the mix of a long and many short ones nor that
/// of a long and a wide one may take memory out of proportion to what was sent.
fn can_be_extended(a: &[i64], b: &[i64]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (a, b) = (&a[1..], &b[1..]);
    if a == b {
        return true;
    }
    let is_of_a_kind = a.len() < MAX_PADDED_RANK && !a.contains(&0) && !b.contains(&0);
    is_of_a_kind && (is_small(a) && is_small(b) || (!is_small(a) && !is_small(b) && are_alike(a, b)))
}

/// Whether a row of this shape, and any that it is joined with, is small.
fn is_small(row: &[i64]) -> bool {
    let powers = u32::try_from(row.len()).unwrap_or(u32::MAX);
    row.iter().all(|&dim| (dim as usize).checked_pow(powers).is_some_and(|size| size <= MAX_SMALL_ROW))
}

/// Whether each dimension lies between the same two powers of two.
fn are_alike(a: &[i64], b: &[i64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.ilog2() == b.ilog2())
}

/// One input of requests that may share a batch, each extended to the largest of all in every dimension but the first.
pub(super) fn extended(mut parts: SmallVec<[Tensor; 1]>) -> SmallVec<[Tensor; 1]> {
    let Some((first, others)) = parts.split_first() else { return parts };
    if others.iter().all(|other| other.shape().get(1..) == first.shape().get(1..)) {
        return parts;
    }
    let mut longest = Shape::from_slice(&first.shape()[1..]);
    for other in others {
        longest.iter_mut().zip(&other.shape()[1..]).for_each(|(dim, other)| *dim = (*dim).max(*other));
    }
    parts.iter_mut().for_each(|part| *part = part.extended(&longest));
    parts
}

/// The number of the length bucket that a request with these inputs falls into; requests of one signature and one
/// policy share a bucket where it is equal.
pub(super) fn bucket(signature: &Signature, inputs: &[Tensor], policy: &Policy) -> usize {
    let buckets = policy.length_buckets.iter().filter(|buckets| is_for(buckets, signature));
    buckets.fold(0, |number, buckets| {
        // One more for the longest, and one for what has no such dimension.
        let own = match length(buckets, signature, inputs) {
            Some(length) => buckets.limits.partition_point(|limit| *limit < length),
            None => buckets.limits.len() + 1,
        };
        number * (buckets.limits.len() + 2) + own
    })
}

fn is_for(buckets: &LengthBuckets, signature: &Signature) -> bool {
    buckets.signature.is_empty() || *buckets.signature == *signature.name
}

fn length(buckets: &LengthBuckets, signature: &Signature, inputs: &[Tensor]) -> Option<usize> {
    let length = |input: &Tensor| input.shape().get(buckets.dimension).map(|&dim| dim as usize);
    if buckets.input.is_empty() {
        return inputs.iter().filter_map(length).max();
    }
    inputs.get(signature.input_index(&buckets.input)?).and_then(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_unlike_size_are_not_extended_to_each_other() {
        for (a, b, want) in [
            (&[2, 3][..], &[1, 5][..], true),
            (&[2, 1], &[9, 4096], true),
            (&[2, 1], &[9, 4097], false),
            (&[1, 70_000], &[1, 120_000], true),
            (&[1, 60_000], &[1, 120_000], false),
            (&[1, 64, 1], &[1, 1, 64], true),
            (&[1, 65, 1], &[1, 1, 65], false),
            (&[1, 200, 200, 3], &[1, 224, 180, 3], true),
            (&[1, 0], &[1, 5], false),
            (&[4, 0], &[1, 0], true),
            (&[1, 2], &[1, 2, 1], false),
            (&[1, 1, 1, 1, 1, 2], &[1, 1, 1, 1, 1, 3], true),
            (&[1, 1, 1, 1, 1, 1, 2], &[1, 1, 1, 1, 1, 1, 3], false),
            (&[1, 1, 1, 1, 1, 1, 2], &[9, 1, 1, 1, 1, 1, 2], true),
        ] {
            assert_eq!(can_be_extended(a, b), want, "{a:?} {b:?}");
            assert_eq!(can_be_extended(b, a), want, "{b:?} {a:?}");
        }
    }
}
