//! Who a request is, as its client says or as was made up for it.

use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Response};
use salver_core::requests::{SpanContext, TraceContext, trace_state};

use super::JournalOptions;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// A longer request id is none: it would be copied into every log.
const MAX_ID_BYTES: usize = 128;

/// A request's id, and its spans where it is traced.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) request_id: HeaderValue,
    pub(crate) trace: Option<Arc<TraceContext>>,
}

impl Identity {
    /// That of a request with these headers; `None` where it has no id and is not told of.
    pub(super) fn new(headers: &HeaderMap, options: JournalOptions) -> Option<Self> {
        let sent = sent_id(headers);
        let trace = options.sampling_ratio.and_then(|ratio| trace(headers, ratio)).map(Arc::new);
        if sent.is_none() && trace.is_none() && !options.is_logged {
            return None;
        }
        Some(Self { request_id: sent.unwrap_or_else(new_request_id), trace })
    }

    /// That of a request which runs no model, and is told of nowhere: the id that it came with.
    pub(crate) fn sent(headers: &HeaderMap) -> Option<Self> {
        sent_id(headers).map(|request_id| Self { request_id, trace: None })
    }

    fn tell(&self, headers: &mut HeaderMap) {
        headers.insert(REQUEST_ID, self.request_id.clone());
        if let Some(trace) = &self.trace
            && let Ok(value) = HeaderValue::try_from(trace.root.to_string())
        {
            headers.insert(TRACEPARENT, value);
        }
    }
}

/// The response to a request, which tells the client who it is.
pub(crate) fn told<B>(identity: Option<Identity>, mut response: Response<B>) -> Response<B> {
    if let Some(identity) = identity {
        identity.tell(response.headers_mut());
    }
    response
}

fn sent_id(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(REQUEST_ID).filter(|id| is_request_id(id.as_bytes())).cloned()
}

/// Visible ASCII alone: an id stands in logs and is sent back.
fn is_request_id(bytes: &[u8]) -> bool {
    (1..=MAX_ID_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

fn new_request_id() -> HeaderValue {
    let id = format!("{:032x}", fastrand::u128(..));
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("0"))
}

/// The spans of a request that is traced: because its caller does so or, where it has no trace, by chance.
fn trace(headers: &HeaderMap, ratio: f64) -> Option<TraceContext> {
    let mut parents = headers.get_all(TRACEPARENT).iter();
    let parent = match (parents.next(), parents.next()) {
        (Some(only), None) => only.to_str().ok().and_then(SpanContext::parse),
        _ => None,
    };
    let is_sampled = parent.map_or_else(|| fastrand::f64() < ratio, |parent| parent.is_sampled);
    let state = || trace_state(headers.get_all(TRACESTATE).iter().map(HeaderValue::as_bytes));
    is_sampled.then(|| TraceContext::new(parent, state(), || fastrand::u64(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn identity(headers: &[(&'static str, &str)], is_logged: bool, sampling_ratio: Option<f64>) -> Option<Identity> {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        Identity::new(&headers.iter().map(header).collect(), JournalOptions { is_logged, sampling_ratio })
    }

    fn told_headers(identity: &Identity) -> Vec<(String, String)> {
        let response = told(Some(identity.clone()), Response::new(()));
        response.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    }

    #[test]
    fn a_request_without_an_id_has_none_while_nothing_is_told() {
        assert!(identity(&[], false, None).is_none());
        assert!(identity(&[("traceparent", PARENT)], false, None).is_none());
        assert!(identity(&[], false, Some(0.0)).is_none());
        assert_eq!(
            told_headers(&identity(&[("x-request-id", "mine")], false, None).unwrap()),
            [("x-request-id".into(), "mine".into())]
        );
    }

    #[test]
    fn an_id_that_would_spoil_a_log_is_replaced() {
        for sent in ["", "with space", &"x".repeat(129)] {
            assert!(identity(&[("x-request-id", sent)], false, None).is_none(), "{sent}");
            let made = identity(&[("x-request-id", sent)], true, None).unwrap().request_id;
            assert!(made.len() == 32 && made != sent, "{sent}");
        }
    }

    #[test]
    fn who_calls_decides_what_is_traced_and_chance_for_those_without_a_trace() {
        let unsampled = PARENT.replace("-01", "-00");
        for (parent, ratio, want) in [
            (Some(PARENT), 0.0, true),
            (Some(&*unsampled), 1.0, false),
            (Some("malformed"), 0.0, false),
            (Some("malformed"), 1.0, true),
            (None, 0.0, false),
            (None, 1.0, true),
        ] {
            let headers: Vec<_> = parent.map(|parent| ("traceparent", parent)).into_iter().collect();
            let trace = identity(&headers, true, Some(ratio)).unwrap().trace;
            assert_eq!(trace.is_some(), want, "{parent:?} {ratio}");
        }
        let two =
            identity(&[("traceparent", PARENT), ("traceparent", PARENT)], true, Some(1.0)).unwrap().trace.unwrap();
        assert_eq!(two.parent, None, "two parents are none");
    }

    #[test]
    fn the_client_is_told_the_span_of_its_request() {
        let headers = [("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2"), ("x-request-id", "r")];
        let identity = identity(&headers, false, Some(0.0)).unwrap();
        let trace = identity.trace.clone().unwrap();
        assert_eq!((&*trace.state, trace.parent.unwrap().to_string()), ("a=1,b=2", PARENT.to_owned()));
        assert_eq!(told_headers(&identity)[1], ("traceparent".into(), trace.root.to_string()));
    }
}
