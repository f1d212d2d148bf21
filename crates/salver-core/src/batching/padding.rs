//! What a static queue does with an open batch that has none of the allowed sizes.

use super::line::Line;
use super::policy::{PaddingPolicy, Policy};
use super::waiting_batch::WaitingBatch;
use super::work::Work;

/// The allowed size that `batch` should be cut down to; `None` fills it up.
///
/// Whole requests are left behind or none: sizes at which no request ends are passed over.
pub(super) fn cut_size<W: Work>(batch: &WaitingBatch<W>, policy: &Policy, line: &Line) -> Option<usize> {
    let (num_rows, sizes) = (batch.num_rows(), &policy.allowed_batch_sizes);
    if policy.batch_padding_policy == PaddingPolicy::PadUp || sizes.contains(&num_rows) {
        return None;
    }
    let cuts = batch.prefixes().take_while(|rows| *rows < num_rows);
    let cut = cuts.filter(|rows| *rows > 0 && sizes.contains(rows)).last()?;
    let pays = policy.batch_padding_policy == PaddingPolicy::BatchDown || costs_less(cut, num_rows, policy, line);
    pays.then_some(cut)
}

/// Whether a row costs less time in a batch of `cut` rows than in one of `num_rows` that is filled up. False where
/// nothing is known of either.
fn costs_less(cut: usize, num_rows: usize, policy: &Policy, line: &Line) -> bool {
    let learnt = line.learnt();
    let per_row = |size: usize, num_rows: usize| Some(learnt.expected_run(size)?.as_secs_f64() / num_rows as f64);
    match (per_row(policy.padded_rows(num_rows), num_rows), per_row(cut, cut)) {
        (Some(up), Some(down)) => up >= down,
        _ => false,
    }
}
