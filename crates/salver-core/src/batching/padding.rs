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
    let cost = |rows, size| line.learnt().expected_run(size).map(|run| run.as_secs_f64() / rows as f64);
    let pays = policy.batch_padding_policy == PaddingPolicy::BatchDown
        || costs_less(cost(cut, cut), cost(num_rows, policy.padded_rows(num_rows)));
    pays.then_some(cut)
}

/// Whether a row of a batch that is cut costs no more than one of a batch that is filled up. False where nothing is
/// known of either.
fn costs_less(cut: Option<f64>, filled_up: Option<f64>) -> bool {
    cut.zip(filled_up).is_some_and(|(cut, filled_up)| cut <= filled_up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_decide_where_both_are_known() {
        let cases = [
            (None, None, false),
            (Some(1.0), None, false),
            (None, Some(1.0), false),
            (Some(1.0), Some(2.0), true),
            (Some(1.0), Some(1.0), true),
            (Some(2.0), Some(1.0), false),
        ];
        for (cut, filled_up, expected) in cases {
            assert_eq!(costs_less(cut, filled_up), expected, "{cut:?} against {filled_up:?}");
        }
    }
}
