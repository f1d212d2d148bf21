//! `tensorflow.serving.PredictionLog`: an answered request as request logs and warm-up data hold it.
//!
//! Requests and responses are in it as they were sent, byte for byte: none is read again to be written down.

use crate::wire::model_spec::EffectiveSpec;
use crate::wire::writer::{put_span_header, put_varint_field, span_field_len, varint_field_len};

/// The kind of call, which is also the number of the log's field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// `ClassifyLog`.
    Classify = 2,
    /// `RegressLog`.
    Regress = 3,
    /// `MultiInferenceLog`.
    MultiInference = 4,
    /// `SessionRunLog`.
    SessionRun = 5,
    /// `PredictLog`.
    Predict = 6,
    /// `PredictStreamedLog`: the one with several responses.
    PredictStreamed = 7,
}

/// What a PredictionLog is made of.
#[derive(Clone, Copy, Debug)]
pub struct PredictionLog<'a> {
    /// Which call it was.
    pub kind: LogKind,
    /// A serialized LogMetadata with the fields that do not depend on the request.
    pub metadata: &'a [u8],
    /// What served; no signature where there were several.
    pub spec: EffectiveSpec<'a>,
    /// Seconds since the epoch.
    pub timestamp_s: i64,
    /// The serialized request.
    pub request: &'a [u8],
    /// The serialized responses; one, but for streams.
    pub responses: &'a [&'a [u8]],
}

/// Field numbers of the logs of all kinds.
const REQUEST: u32 = 1;
const RESPONSE: u32 = 2;

impl PredictionLog<'_> {
    /// The serialized message.
    pub fn encode(&self) -> Vec<u8> {
        let (metadata, log) = (self.metadata_len(), self.log_len());
        let mut out = Vec::with_capacity(span_field_len(1, metadata) + span_field_len(self.kind as u32, log));
        put_span_header(&mut out, 1, metadata);
        self.write_metadata(&mut out);
        put_span_header(&mut out, self.kind as u32, log);
        put_span(&mut out, REQUEST, self.request);
        self.responses.iter().for_each(|response| put_span(&mut out, RESPONSE, response));
        out
    }

    fn log_len(&self) -> usize {
        let responses: usize = self.responses.iter().map(|response| span_field_len(RESPONSE, response.len())).sum();
        span_field_len(REQUEST, self.request.len()) + responses
    }

    fn metadata_len(&self) -> usize {
        self.metadata.len() + span_field_len(1, self.spec.encoded_len()) + varint_field_len(4, self.timestamp_s as u64)
    }

    fn write_metadata(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.metadata);
        self.spec.write(out, 1, self.spec.encoded_len());
        put_varint_field(out, 4, self.timestamp_s as u64);
    }
}

fn put_span(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    put_span_header(out, number, value.len());
    out.extend_from_slice(value);
}
