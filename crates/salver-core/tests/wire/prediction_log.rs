//! Records of request logs.

use salver_core::wire::{EffectiveSpec, LogKind, PredictionLog};

use crate::support::{small, span};

fn log() -> PredictionLog<'static> {
    PredictionLog {
        kind: LogKind::Predict,
        metadata: b"",
        spec: EffectiveSpec { model_name: "m", version: 3, signature_name: "s" },
        timestamp_s: 5,
        request: b"request",
        responses: &[b"response"],
    }
}

fn spec() -> Vec<u8> {
    span(1, &[span(1, b"m"), span(2, &small(1, 3)), span(3, b"s")].concat())
}

#[test]
fn a_log_has_metadata_and_then_request_and_response_as_they_were() {
    let metadata = [spec(), small(4, 5)].concat();
    let exchange = [span(1, b"request"), span(2, b"response")].concat();
    assert_eq!(log().encode(), [span(1, &metadata), span(6, &exchange)].concat());
}

#[test]
fn metadata_of_the_logger_stands_beside_that_of_the_request() {
    let of_logger = span(5, b"dc");
    let metadata = [of_logger.clone(), spec(), small(4, 5)].concat();
    let encoded = PredictionLog { metadata: &of_logger, ..log() }.encode();
    assert_eq!(encoded[..metadata.len() + 2], span(1, &metadata));
}

#[test]
fn an_empty_request_and_response_are_there_nevertheless() {
    let encoded = PredictionLog { request: b"", responses: &[b""], ..log() }.encode();
    assert!(encoded.ends_with(&span(6, &[span(1, b""), span(2, b"")].concat())));
}

#[test]
fn a_stream_has_all_its_responses() {
    let encoded = PredictionLog { kind: LogKind::PredictStreamed, responses: &[b"a", b"b"], ..log() }.encode();
    let exchange = [span(1, b"request"), span(2, b"a"), span(2, b"b")].concat();
    assert!(encoded.ends_with(&span(7, &exchange)));
}

#[test]
fn every_kind_has_the_field_of_its_own_log() {
    let kinds = [
        (LogKind::Classify, 2),
        (LogKind::Regress, 3),
        (LogKind::MultiInference, 4),
        (LogKind::SessionRun, 5),
        (LogKind::Predict, 6),
        (LogKind::PredictStreamed, 7),
    ];
    for (kind, number) in kinds {
        let exchange = [span(1, b"request"), span(2, b"response")].concat();
        assert!(PredictionLog { kind, ..log() }.encode().ends_with(&span(number, &exchange)), "{kind:?}");
    }
}
