//! Numbers: the strict check, and the way from literals to doubles, floats and integers.
//!
//! Beyond RFC 8259 these tokens are doubles: `NaN`, `-NaN`, `Inf`, `-Inf`, `Infinity`, `-Infinity`. A literal without
//! fraction and exponent is an integer, any other a double; a finite literal beyond the range of double is no number.
//!
//! A decimal of at most 2^53 scaled by at most 10^22 is one exact
//! multiplication or division (Clinger's fast path); the rest goes to `fast_float2`. A float is the double narrowed, as
//! the protocol has it, so it is never parsed as a float directly: that would round once where the protocol rounds twice.

use super::digits::{skip_digits, take_digits};
use super::syntax::{SyntaxError, byte_at};

/// 10^0 ..= 10^22: the powers of ten that a double holds exactly.
pub(super) const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Literals with at most this many characters and no exponent are within the range of double.
const SURELY_FINITE_LENGTH: usize = 300;

/// Most digits that always fit the `u64` of a [`Decimal`].
const MAX_EXACT_DIGITS: usize = 19;

// === syntax ===

/// Checks the number that starts at `start` and gives the position after it.
#[inline]
pub(super) fn check(text: &[u8], start: usize) -> Result<usize, SyntaxError> {
    let first = start + usize::from(byte_at(text, start) == b'-');
    let mut pos = match byte_at(text, first) {
        b'0' => first + 1,
        b'1'..=b'9' => skip_digits(text, first + 1),
        _ => return non_finite(text, first).map(|(_, end)| end).ok_or_else(|| no_number(first)),
    };
    if byte_at(text, pos) == b'.' {
        pos = some_digits(text, pos + 1, "a digit must follow the decimal point")?;
    }
    let has_exponent = matches!(byte_at(text, pos), b'e' | b'E');
    if has_exponent {
        let sign = usize::from(matches!(byte_at(text, pos + 1), b'+' | b'-'));
        pos = some_digits(text, pos + 1 + sign, "a digit must follow the exponent sign")?;
    }
    if (has_exponent || pos - start > SURELY_FINITE_LENGTH) && parse_double(&text[start..pos]).is_infinite() {
        return Err(SyntaxError::new("the number is too big for a double", start));
    }
    Ok(pos)
}

#[cold]
fn no_number(offset: usize) -> SyntaxError {
    SyntaxError::new("this is no JSON value", offset)
}

fn some_digits(text: &[u8], start: usize, reason: &'static str) -> Result<usize, SyntaxError> {
    let end = skip_digits(text, start);
    if end == start { Err(SyntaxError::new(reason, start)) } else { Ok(end) }
}

/// The value and end of the token `NaN`, `Inf` or `Infinity` at `pos`.
fn non_finite(text: &[u8], pos: usize) -> Option<(f64, usize)> {
    const TOKENS: [(&[u8], f64); 3] = [(b"NaN", f64::NAN), (b"Infinity", f64::INFINITY), (b"Inf", f64::INFINITY)];
    let rest = text.get(pos..)?;
    TOKENS.iter().find(|(token, _)| rest.starts_with(token)).map(|(token, value)| (*value, pos + token.len()))
}

// === values; the text has passed `check` ===

/// A finite literal taken apart: `mantissa * 10^exponent`, if `is_exact`.
struct Decimal {
    is_negative: bool,
    mantissa: u64,
    exponent: i32,
    is_exact: bool,
    end: usize,
}

impl Decimal {
    #[inline(always)] // Called once per float; a call costs a tenth of the parse.
    fn read(text: &[u8], start: usize) -> Option<Decimal> {
        let is_negative = byte_at(text, start) == b'-';
        let first = start + usize::from(is_negative);
        let mut mantissa = u64::from(byte_at(text, first).wrapping_sub(b'0'));
        if mantissa > 9 {
            return None;
        }
        let mut end = first + 1;
        // Most floats have one digit before the point.
        if byte_at(text, end) != b'.' {
            end = take_digits(text, end, &mut mantissa);
        }
        let mut num_digits = end - first;
        let mut exponent = 0i32;
        if byte_at(text, end) == b'.' {
            let point = end;
            end = take_digits(text, point + 1, &mut mantissa);
            let decimals = end - point - 1;
            num_digits += decimals;
            exponent = -i32::try_from(decimals).unwrap_or(i32::MAX);
        }
        if matches!(byte_at(text, end), b'e' | b'E') {
            let (power, after) = read_exponent(text, end + 1);
            exponent = exponent.saturating_add(power);
            end = after;
        }
        Some(Decimal { is_negative, mantissa, exponent, is_exact: num_digits <= MAX_EXACT_DIGITS, end })
    }

    /// `mantissa * 10^exponent`, rounded at most twice, if no more than 10^22 is involved.
    #[inline]
    fn scaled(&self) -> Option<f64> {
        let power = *EXACT_POWERS.get(self.exponent.unsigned_abs() as usize)?;
        if !self.is_exact {
            return None;
        }
        let mantissa = self.mantissa as f64;
        Some(if self.exponent < 0 { mantissa / power } else { mantissa * power })
    }

    #[inline]
    fn signed(&self, magnitude: f64) -> f64 {
        if self.is_negative { -magnitude } else { magnitude }
    }
}

#[cold]
fn read_exponent(text: &[u8], start: usize) -> (i32, usize) {
    let is_negative = byte_at(text, start) == b'-';
    let mut end = start + usize::from(matches!(byte_at(text, start), b'-' | b'+'));
    let mut power = 0i32;
    while byte_at(text, end).is_ascii_digit() {
        power = power.saturating_mul(10).saturating_add(i32::from(text[end] - b'0'));
        end += 1;
    }
    (if is_negative { -power } else { power }, end)
}

#[cold]
fn read_non_finite(text: &[u8], start: usize) -> Option<(f64, usize)> {
    let is_negative = byte_at(text, start) == b'-';
    let (value, end) = non_finite(text, start + usize::from(is_negative))?;
    Some((if is_negative { -value } else { value }, end))
}

#[inline(never)]
fn parse_double(literal: &[u8]) -> f64 {
    fast_float2::parse(literal).unwrap_or(f64::NAN)
}

/// The double nearest to the number at `start` and the position after it; `None` where no number starts.
#[inline]
pub(super) fn read_double(text: &[u8], start: usize) -> Option<(f64, usize)> {
    let Some(decimal) = Decimal::read(text, start) else { return read_non_finite(text, start) };
    let value = match decimal.scaled() {
        Some(value) if decimal.mantissa <= 1 << 53 => decimal.signed(value),
        _ => parse_double(&text[start..decimal.end]),
    };
    Some((value, decimal.end))
}

/// The double nearest to the number at `start`, narrowed, and the position after it.
#[inline]
pub(super) fn read_float(text: &[u8], start: usize) -> Option<(f32, usize)> {
    let Some(decimal) = Decimal::read(text, start) else {
        return read_non_finite(text, start).map(|(value, end)| (value as f32, end));
    };
    let value = match decimal.scaled() {
        Some(value) if decimal.mantissa <= 1 << 53 || narrows_safely(value) => decimal.signed(value),
        _ => parse_double(&text[start..decimal.end]),
    };
    Some((value as f32, decimal.end))
}

/// Whether every double within a few units in the last place of `value` narrows to the same float.
///
/// `Decimal::scaled` is at most two units away from the nearest double, so the answer is the same without the costly
/// exact parse. Doubles that were printed from floats are far from the midpoints, so this nearly always holds.
#[inline]
fn narrows_safely(value: f64) -> bool {
    const HALF: u64 = 1 << 28;
    const MARGIN: u64 = 8;
    let dropped = value.to_bits() & ((1 << 29) - 1);
    dropped.abs_diff(HALF) > MARGIN && (1e-37..1e38).contains(&value)
}

/// The sign, magnitude and end of the integer literal at `start`; `None` for anything else or beyond `u64`.
#[inline]
pub(super) fn read_integer(text: &[u8], start: usize) -> Option<(bool, u64, usize)> {
    let is_negative = byte_at(text, start) == b'-';
    let first = start + usize::from(is_negative);
    let mut magnitude = 0;
    let end = take_digits(text, first, &mut magnitude);
    if end == first || matches!(byte_at(text, end), b'.' | b'e' | b'E') {
        return None;
    }
    if end - first > MAX_EXACT_DIGITS {
        magnitude = std::str::from_utf8(&text[first..end]).ok()?.parse().ok()?;
    }
    Some((is_negative, magnitude, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reference(literal: &str) -> f64 {
        literal.parse().unwrap()
    }

    #[test]
    fn checks_the_grammar() {
        for good in ["0", "-0", "12", "0.5", "1e5", "1E+5", "1.25e-7", "1e-400", "NaN", "-NaN", "Inf", "-Infinity"] {
            assert_eq!(check(format!("{good},").as_bytes(), 0), Ok(good.len()), "{good}");
        }
        for bad in ["-", "+1", ".5", "1.", "1.e2", "1e", "1e+", "nan", "-x", "1e400", "-1e309", "In", "Na"] {
            assert!(check(format!("{bad},").as_bytes(), 0).is_err(), "{bad}");
        }
    }

    #[test]
    fn finds_the_limit_of_double() {
        let long = "9".repeat(309);
        for (literal, is_good) in [
            ("1.7976931348623157e308", true),
            ("1.7976931348623159e308", false),
            ("1e99999999999999999999", false),
            ("1e-99999999999999999999", true),
            (&long[..308], true),
            (&long, false),
        ] {
            assert_eq!(check(literal.as_bytes(), 0).is_ok(), is_good, "{literal}");
        }
    }

    #[test]
    fn integers_are_classified_by_their_literal() {
        for (literal, want) in [
            ("0", Some((false, 0))),
            ("-0", Some((true, 0))),
            ("18446744073709551615", Some((false, u64::MAX))),
            ("18446744073709551616", None),
            ("9999999999999999999", Some((false, 9_999_999_999_999_999_999))),
            ("100000000000000000000000", None),
            ("-9223372036854775808", Some((true, 1 << 63))),
            ("1.0", None),
            ("1e3", None),
            ("NaN", None),
            ("true", None),
        ] {
            let got = read_integer(literal.as_bytes(), 0).map(|(sign, magnitude, _)| (sign, magnitude));
            assert_eq!(got, want, "{literal}");
        }
    }

    #[test]
    fn hard_doubles_are_rounded_once() {
        for literal in [
            "9007199254740993",
            "1.00000005960464477539",
            "0.1",
            "123456789012345678901234567890",
            "2.2250738585072011e-308",
            "4.9e-324",
            "2e-324",
            "0.000000000000000000000000000000000000000000001",
            "1e22",
            "1e23",
            "8.5e22",
        ] {
            let (value, end) = read_double(literal.as_bytes(), 0).unwrap();
            assert_eq!((value.to_bits(), end), (reference(literal).to_bits(), literal.len()), "{literal}");
            let (narrow, _) = read_float(literal.as_bytes(), 0).unwrap();
            assert_eq!(narrow.to_bits(), (reference(literal) as f32).to_bits(), "{literal}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn decimals_equal_the_standard_parser(literal in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,22})?([eE][+-]?[0-9]{1,2})?") {
            let want = reference(&literal);
            let (value, end) = read_double(literal.as_bytes(), 0).unwrap();
            prop_assert_eq!((value.to_bits(), end), (want.to_bits(), literal.len()));
            let (narrow, _) = read_float(literal.as_bytes(), 0).unwrap();
            prop_assert_eq!(narrow.to_bits(), (want as f32).to_bits());
        }

        #[test]
        fn floats_near_midpoints_equal_the_narrowed_double(bits in 0x0080_0000u32..0x7f00_0000, shift in -3i64..=3) {
            let low = f64::from(f32::from_bits(bits)).to_bits();
            let middle = f64::from_bits((low + (1 << 28)).wrapping_add_signed(shift));
            for literal in [format!("{middle}"), format!("{middle:e}"), format!("{middle:.17}")] {
                let (narrow, _) = read_float(literal.as_bytes(), 0).unwrap();
                prop_assert_eq!(narrow.to_bits(), (reference(&literal) as f32).to_bits(), "{}", literal);
            }
        }
    }
}
