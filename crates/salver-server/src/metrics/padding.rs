//! How many rows batches are filled up with.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use salver_core::Histogram;
use salver_core::histogram::ROW_LIMITS;
use salver_core::task::Batch;

use crate::metrics::Family;

/// Sizes that are told apart: all that a configuration allows, as a rule. The rest is one.
const MAX_SIZES: usize = 64;

/// Padding rows by the size of the batch that runs, of models that have sizes to fill up to.
#[derive(Debug, Default)]
pub(crate) struct PaddingSizes(Mutex<BTreeMap<Option<usize>, Histogram>>);

impl PaddingSizes {
    /// Notes a batch that runs now.
    pub(crate) fn record(&self, batch: &Batch) {
        if batch.target().owner().policy().allowed_batch_sizes.is_empty() {
            return;
        }
        let mut by_size = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = Some(batch.num_executed_rows());
        let size = if by_size.len() < MAX_SIZES || by_size.contains_key(&own) { own } else { None };
        let histogram = by_size.entry(size).or_insert_with(|| Histogram::new(&ROW_LIMITS));
        histogram.record(batch.num_padding_rows() as u64);
    }

    /// All that was noted.
    pub(crate) fn family(&self, name: String) -> Family {
        let mut family = Family::histogram(name, &["execution_batch_size"], &ROW_LIMITS);
        for (size, histogram) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let label = size.map_or_else(|| "other".to_owned(), |size| size.to_string());
            family.push_samples(&[&label], histogram);
        }
        family
    }
}
