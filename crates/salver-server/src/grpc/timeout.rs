//! The `grpc-timeout` header.

use std::time::{Duration, Instant};

use hyper::HeaderMap;
use salver_core::Status;

/// Longest wait that is told apart from "for ever".
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// When the caller stops waiting; `None` without the header.
///
/// # Errors
/// INVALID_ARGUMENT for anything but 1 to 8 digits and one of the units H, M, S, m, u, n.
pub(crate) fn deadline(headers: &HeaderMap) -> Result<Option<Instant>, Status> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let timeout = value.to_str().ok().and_then(parse).ok_or_else(|| {
        Status::invalid_argument(format!("grpc-timeout {value:?} is not 1 to 8 digits and a unit of H, M, S, m, u, n"))
    })?;
    Ok(Some(Instant::now() + timeout.min(MAX_TIMEOUT)))
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit_and_refuses_the_rest() {
        assert_eq!(parse("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(parse("99999999n"), Some(Duration::from_nanos(99_999_999)));
        assert_eq!(parse("5m"), Some(Duration::from_millis(5)));
        for bad in ["", "S", "5", "123456789S", "-1S", "1x", "1 S", "ä"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
