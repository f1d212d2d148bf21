//! Trace context as the W3C recommendation "Trace Context" has it.

use std::fmt;

/// One span of a trace that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanContext {
    /// Never 0.
    pub trace_id: u128,
    /// Never 0.
    pub span_id: u64,
    /// Whether whoever began the trace records it.
    pub is_sampled: bool,
}

impl SpanContext {
    /// Reads the value of a `traceparent` header (section 3.2); `None` for one that is not valid.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace_id) = (hex(parts.next()?, 2)?, hex(parts.next()?, 32)?);
        let (span_id, flags) = (hex(parts.next()?, 16)? as u64, hex(parts.next()?, 2)?);
        // A later version may have more parts; version 0 has four, and 255 is forbidden.
        if version == 0xff || (version == 0 && parts.next().is_some()) || trace_id == 0 || span_id == 0 {
            return None;
        }
        Some(Self { trace_id, span_id, is_sampled: flags & 1 == 1 })
    }
}

/// As the value of a `traceparent` header.
impl fmt::Display for SpanContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.is_sampled))
    }
}

/// The number that `text` spells in lower-case hexadecimal digits, exactly so many of them.
fn hex(text: &str, num_digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == num_digits && text.bytes().all(is_digit)).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// The spans of one request that is traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The span of the caller, where it sent one.
    pub parent: Option<SpanContext>,
    /// The span of the whole request.
    pub root: SpanContext,
    /// The span of its run, which whatever a servable traces belongs to.
    pub run: SpanContext,
    /// The caller's `tracestate`, to be passed on; empty where there is none.
    pub state: String,
}

impl TraceContext {
    /// The spans of a request of this trace, or of one that begins here. `state` is what [`super::trace_state`] made of
    /// the caller's headers; `new_id` gives random numbers.
    pub fn new(parent: Option<SpanContext>, state: impl Into<String>, mut new_id: impl FnMut() -> u64) -> Self {
        // Lists hold numbers as they come; 0 stands for none in both places.
        let trace_id =
            parent.map_or_else(|| u128::from(new_id()) << 64 | u128::from(new_id().max(1)), |parent| parent.trace_id);
        let mut span = || SpanContext { trace_id, span_id: new_id().max(1), is_sampled: true };
        let state = if parent.is_some() { state.into() } else { String::new() };
        Self { parent, root: span(), run: span(), state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_parent_is_read_and_written_alike() {
        let parent = SpanContext::parse(VALID).unwrap();
        assert_eq!((parent.span_id, parent.is_sampled), (0x00f0_67aa_0ba9_02b7, true));
        assert_eq!(parent.to_string(), VALID);
        assert!(!SpanContext::parse(&VALID.replace("-01", "-00")).unwrap().is_sampled);
        assert!(SpanContext::parse(&format!("cc{}-what-comes", &VALID[2..])).is_some());
    }

    #[test]
    fn what_the_recommendation_forbids_is_no_parent() {
        for text in [
            "",
            "00",
            &VALID.to_uppercase(),
            &VALID.replace("00-4b", "ff-4b"),
            &VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &VALID.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &format!("{VALID}-x"),
            &VALID.replace("4bf9", "4b+9"),
            &VALID.replace("-01", "-1"),
        ] {
            assert_eq!(SpanContext::parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_of_a_request_belong_to_the_trace_of_the_caller_or_to_a_new_one() {
        let mut ids = 0..;
        let mut new_id = || ids.next().unwrap();
        let parent = SpanContext::parse(VALID);
        let context = TraceContext::new(parent, "vendor=1", &mut new_id);
        assert_eq!((context.root.trace_id, context.run.trace_id), (parent.unwrap().trace_id, context.root.trace_id));
        assert_ne!(context.root.span_id, context.run.span_id + 1);
        assert_eq!(context.state, "vendor=1");
        let own = TraceContext::new(None, "vendor=1", &mut new_id);
        assert!(own.root.trace_id != 0 && own.state.is_empty(), "a state without a parent is not passed on");
    }
}
