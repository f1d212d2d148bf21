//! The header `salver-criticality`, the same on both ports: how much a request matters when not all can run.

use hyper::HeaderMap;
use salver_core::Status;
use salver_core::batching::Criticality;

const HEADER: &str = "salver-criticality";

const NAMES: [(&str, Criticality); 4] = [
    ("critical_plus", Criticality::CriticalPlus),
    ("critical", Criticality::Critical),
    ("sheddable_plus", Criticality::SheddablePlus),
    ("sheddable", Criticality::Sheddable),
];

/// The criticality of a request with these headers.
///
/// # Errors
/// INVALID_ARGUMENT for a word that names none.
pub(crate) fn of(headers: &HeaderMap) -> Result<Criticality, Status> {
    let Some(value) = headers.get(HEADER) else { return Ok(Criticality::default()) };
    let known = NAMES.iter().find(|(name, _)| value.as_bytes() == name.as_bytes());
    known.map(|(_, criticality)| *criticality).ok_or_else(|| {
        let names = NAMES.map(|(name, _)| name).join(", ");
        Status::invalid_argument(format!("{HEADER} is {value:?}, expected one of {names}."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &'static [u8]) -> Result<Criticality, Status> {
        let value = hyper::header::HeaderValue::from_bytes(value).unwrap();
        of(&[(HEADER.parse().unwrap(), value)].into_iter().collect())
    }

    #[test]
    fn requests_are_critical_unless_they_say_otherwise() {
        assert_eq!(of(&HeaderMap::new()), Ok(Criticality::Critical));
        assert_eq!(read(b"critical_plus"), Ok(Criticality::CriticalPlus));
        assert_eq!(read(b"sheddable"), Ok(Criticality::Sheddable));
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_known_ones() {
        for word in [&b""[..], b"SHEDDABLE", b"low", b"\xff"] {
            let message = read(word).unwrap_err().message;
            assert!(
                message.ends_with("expected one of critical_plus, critical, sheddable_plus, sheddable."),
                "{message}"
            );
        }
    }
}
