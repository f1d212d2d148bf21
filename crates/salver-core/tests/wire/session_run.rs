//! Feeds of a SessionRun request, and how many entries a request may have.

use bytes::Bytes;
use salver_core::wire::{
    MemoryBudget, decode_multi_inference_request, decode_predict_request, decode_session_run_request,
};
use salver_core::{Code, DType};

use crate::support::{floats, proto, small, span};

#[test]
fn feeds_are_decoded_in_the_order_sent() {
    let tensor = proto(DType::Float, &[1], &[span(5, &2.5f32.to_le_bytes())]);
    let feed = |name: &[u8]| span(2, &[span(1, name), span(2, &tensor)].concat());
    let message = Bytes::from([feed(b"b:0"), feed(b"a:0"), feed(b"b:0")].concat());
    let request = decode_session_run_request(message).unwrap();
    assert_eq!(request.decode_feeds(&mut MemoryBudget::new(0)).unwrap(), vec![floats(&[2.5]); 3]);
}

#[test]
fn a_faulty_feed_is_named() {
    for (tensor, budget, code) in
        [(Bytes::new(), 0, Code::InvalidArgument), (proto(DType::Float, &[100], &[]), 399, Code::ResourceExhausted)]
    {
        let message = span(2, &[span(1, b"x:0"), span(2, &tensor)].concat());
        let request = decode_session_run_request(message.into()).unwrap();
        let status = request.decode_feeds(&mut MemoryBudget::new(budget)).unwrap_err();
        assert_eq!(status.code, code);
        assert!(status.message.contains("feed 'x:0'"), "{status}");
    }
}

#[test]
fn names_must_be_text() {
    for number in [3, 4] {
        assert_eq!(decode_session_run_request(span(number, b"\xff").into()).unwrap_err().code, Code::InvalidArgument);
    }
    assert!(decode_session_run_request(span(5, b"\xff").into()).is_ok(), "options are not looked into");
    assert!(decode_session_run_request(small(6, 2).into()).unwrap().tensor_name_is_alias);
}

#[test]
fn small_entries_cannot_stand_for_much_memory() {
    for (number, is_refused) in [(1, false), (2, true), (3, true), (4, true)] {
        let most = Bytes::from(span(number, b"").repeat(1 << 18));
        let more = Bytes::from(span(number, b"").repeat((1 << 18) + 1));
        assert!(decode_session_run_request(most).is_ok());
        assert_eq!(decode_session_run_request(more).is_err(), is_refused, "field {number}");
    }
    let more = |number| Bytes::from(span(number, b"").repeat((1 << 18) + 1));
    assert!(decode_multi_inference_request(more(1)).is_err());
    assert!(decode_predict_request(more(2)).is_err());
    let status = decode_predict_request(more(3)).unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    assert!(status.message.contains("more than 262144 entries"), "{status}");
}
