//! The headers that say who a request is: each line is one, `p`, `s` or `i` for traceparent, tracestate and x-request-id
//! before its value.

#![no_main]

use hyper::header::HeaderValue;
use hyper::{HeaderMap, Response};
use libfuzzer_sys::fuzz_target;
use salver_core::requests::{SpanContext, TraceContext, trace_state};

#[path = "../../crates/salver-server/src/journal/identity.rs"]
mod identity;

use identity::Identity;

/// As the journal has them.
#[derive(Clone, Copy)]
struct JournalOptions {
    is_logged: bool,
    sampling_ratio: Option<f64>,
}

fuzz_target!(|lines: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let name = match line.first() {
            Some(b'p') => "traceparent",
            Some(b's') => "tracestate",
            Some(b'i') => "x-request-id",
            _ => continue,
        };
        if let Ok(value) = HeaderValue::from_bytes(&line[1..]) {
            headers.append(name, value);
        }
    }
    for is_logged in [false, true] {
        for sampling_ratio in [None, Some(0.0), Some(1.0)] {
            let options = JournalOptions { is_logged, sampling_ratio };
            check(&headers, Identity::new(&headers, options), options);
        }
    }
    let sent = Identity::sent(&headers).map(|identity| identity.request_id);
    let without_traces = Identity::new(&headers, JournalOptions { is_logged: false, sampling_ratio: None });
    assert_eq!(sent, without_traces.map(|identity| identity.request_id));
});

fn check(headers: &HeaderMap, identity: Option<Identity>, options: JournalOptions) {
    let sent = headers.get("x-request-id");
    let Some(identity) = identity else {
        assert!(!options.is_logged && (options.sampling_ratio != Some(1.0) || is_unsampled(headers)));
        return;
    };
    let id = identity.request_id.as_bytes();
    assert!((1..=128).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic));
    assert!(sent == Some(&identity.request_id) || id.len() == 32, "its own, or one that was made");

    let response = identity::told(Some(identity.clone()), Response::new(()));
    let told = response.headers();
    assert_eq!(told.get("x-request-id"), Some(&identity.request_id));
    match &identity.trace {
        Some(trace) => {
            assert!(options.sampling_ratio.is_some());
            let span = told.get("traceparent").and_then(|value| SpanContext::parse(value.to_str().ok()?));
            assert_eq!(span, Some(trace.root));
            check_trace(headers, trace);
        }
        None => assert!(!told.contains_key("traceparent")),
    }
    assert!(told.len() <= 2);
}

/// Whether the caller has a trace that is not recorded.
fn is_unsampled(headers: &HeaderMap) -> bool {
    parent(headers).is_some_and(|parent| !parent.is_sampled)
}

fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut values = headers.get_all("traceparent").iter();
    let only = values.next()?;
    values.next().is_none().then(|| SpanContext::parse(only.to_str().ok()?)).flatten()
}

fn check_trace(headers: &HeaderMap, trace: &TraceContext) {
    assert_eq!(trace.parent, parent(headers));
    assert!(trace.root.is_sampled && trace.run.is_sampled);
    assert!(trace.root.trace_id != 0 && trace.root.trace_id == trace.run.trace_id);
    assert!(trace.root.span_id != 0 && trace.run.span_id != 0);
    match trace.parent {
        Some(parent) => {
            assert!(parent.is_sampled && parent.trace_id == trace.root.trace_id);
            assert_eq!(SpanContext::parse(&parent.to_string()), Some(parent));
            // All but its version and the flags that nobody knows yet.
            let sent = headers["traceparent"].to_str().unwrap_or_default();
            assert_eq!(sent[3..52], parent.to_string()[3..52]);
        }
        None => assert_eq!(trace.state, ""),
    }
    check_state(&trace.state);
}

fn check_state(state: &str) {
    assert!(state.len() <= 512 && state.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    assert_eq!(trace_state([state.as_bytes()]), state, "what is passed on can be read");
    let members: Vec<_> = state.split(',').filter(|member| !member.is_empty()).collect();
    let mut keys: Vec<_> = members.iter().map(|member| member.split('=').next()).collect();
    assert!(members.len() <= 32 && members.iter().all(|member| member.matches('=').count() == 1));
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), members.len(), "no key comes twice");
}
