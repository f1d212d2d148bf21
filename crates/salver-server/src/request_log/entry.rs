//! One answered request on its way to a logger.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use salver_core::Status;
use salver_core::wire::{EffectiveSpec, LogKind, PredictionLog};

use super::entries::MAX_BYTES;
use crate::options::MAX_PROTOBUF_BYTES;

/// A message up to this size is copied: as a part of a larger buffer it would keep all of that.
const COPIED_BYTES: usize = 16 << 10;

/// What of one model is logged, and by which logger.
#[derive(Clone, Debug)]
pub struct LogRule {
    /// The model.
    pub model: String,
    /// The part of its requests that is logged, from 0 to 1.
    pub sampling_rate: f64,
    /// Handed back with each entry.
    pub logger: u64,
    /// A serialized LogMetadata with what is the same in all of them.
    pub metadata: Bytes,
}

/// A request or response that is kept.
pub(crate) enum Part {
    /// As it was on the wire.
    Sent(Bytes),
    /// Encoded when it is written down.
    Later(Later),
}

/// Encodes a message when it is asked to.
pub(crate) struct Later {
    num_bytes: usize,
    encode: Box<dyn FnOnce() -> Result<Vec<u8>, Status> + Send>,
}

impl Part {
    /// A message as it came or went, which may be a part of a larger buffer.
    pub(crate) fn sent(message: &Bytes) -> Self {
        Self::Sent(if message.len() > COPIED_BYTES { message.clone() } else { Bytes::copy_from_slice(message) })
    }

    /// What `encode` will give; until then it keeps about `num_bytes` of memory.
    pub(crate) fn later(num_bytes: usize, encode: impl FnOnce() -> Result<Vec<u8>, Status> + Send + 'static) -> Self {
        Self::Later(Later { num_bytes, encode: Box::new(encode) })
    }

    pub(super) fn num_bytes(&self) -> usize {
        match self {
            Self::Sent(message) => message.len(),
            Self::Later(later) => later.num_bytes,
        }
    }

    fn encoded(self) -> Result<Bytes, Status> {
        match self {
            Self::Sent(message) => Ok(message),
            Self::Later(later) => (later.encode)().map(Bytes::from),
        }
    }
}

/// An answered request.
pub struct LogEntry {
    pub(super) rule: Arc<LogRule>,
    pub(super) kind: LogKind,
    pub(super) version: i64,
    pub(super) signature: Arc<str>,
    pub(super) timestamp: SystemTime,
    pub(super) request: Part,
    pub(super) responses: Vec<Part>,
    pub(super) num_response_bytes: usize,
}

impl LogEntry {
    /// The rule by which it was chosen.
    pub fn rule(&self) -> &Arc<LogRule> {
        &self.rule
    }

    /// The serialized PredictionLog.
    ///
    /// # Errors
    /// A message that cannot be encoded, or a record over the size that messages may have.
    pub fn into_record(self) -> Result<Vec<u8>, Status> {
        let request = self.request.encoded()?;
        let responses: Vec<Bytes> = self.responses.into_iter().map(Part::encoded).collect::<Result<_, _>>()?;
        let responses: Vec<&[u8]> = responses.iter().map(|response| &response[..]).collect();
        let record = PredictionLog {
            kind: self.kind,
            metadata: &self.rule.metadata,
            spec: EffectiveSpec {
                model_name: &self.rule.model,
                version: self.version,
                signature_name: &self.signature,
            },
            timestamp_s: self.timestamp.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64),
            request: &request,
            responses: &responses,
        }
        .encode();
        if record.len() > MAX_PROTOBUF_BYTES {
            return Err(Status::invalid_argument("a record is longer than messages may be"));
        }
        Ok(record)
    }

    /// Keeps a response; of a stream that no queue has room for none is kept any more.
    pub(super) fn add(&mut self, response: Part) {
        self.num_response_bytes += response.num_bytes();
        if self.num_response_bytes <= MAX_BYTES {
            self.responses.push(response);
        } else {
            self.responses.clear();
        }
    }

    /// The memory that it wants in the queue.
    pub(super) fn num_bytes(&self) -> usize {
        self.request.num_bytes() + self.num_response_bytes
    }
}
