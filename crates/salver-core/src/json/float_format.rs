//! Floats as text: C's `%g` where that reads back as the same value, else `%.9g` (float) or `%.17g` (double), with `.0`
//! appended where neither a point nor an exponent shows.
//!
//! How the digits are found without a general printer. With `N` the first P = 9 or 17 significant digits, rounded half
//! to even from the exact value (128-bit integer arithmetic):
//!
//! - A normal value's neighbours are closer than six-digit decimals, so at most one of those reads back as the value, and
//!   it lies within half a unit in the last place: relative 2^-24 (2^-53), that is 60 (12) units of `N`. Where `N` is
//!   further from a multiple of 10^(P-6), `%g` cannot read back and is not tried.
//! - Near such a multiple, dividing `N` rounds to the same six digits as rounding the exact value, since `N` is far from
//!   the midpoint, where rounding twice could differ.
//!
//! Subnormals have wide gaps, and doubles beyond 128 bits do not fit: both take the general printer.

use super::decimal_text::Decimal;
use super::number::EXACT_POWERS;

/// Digits of `%g`.
const SHORT_PRECISION: usize = 6;

/// 5^0 ..= 5^55: those that fit 128 bits.
const POWERS_OF_FIVE: [u128; 56] = {
    let mut powers = [1; 56];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 5;
        index += 1;
    }
    powers
};

/// A binary float that JSON can carry.
pub(super) trait Float: Copy + PartialEq + fast_float2::FastFloat + std::fmt::LowerExp {
    /// Significant digits that always read back.
    const PRECISION: usize;
    /// How far the digits of a value may be from those of a decimal that reads back as it.
    const TOLERANCE: u64;

    /// (is negative, mantissa, exponent): the value is `mantissa * 2^exponent`; `None` where it is not finite.
    fn parts(self) -> Option<(bool, u64, i32)>;
    /// Whether the value is zero or normal.
    fn is_dense(self) -> bool;
    /// What a parser of this type makes of a text whose nearest double is `nearest`; `None` where that is not enough to
    /// know.
    fn narrow(nearest: f64) -> Option<Self>;
    fn is_not_a_number(self) -> bool;
    fn is_below_zero(self) -> bool;
    fn magnitude(self) -> Self;
}

macro_rules! float {
    ($type:ident, $precision:literal, $tolerance:literal, $fraction_bits:literal, $narrow:expr) => {
        impl Float for $type {
            const PRECISION: usize = $precision;
            const TOLERANCE: u64 = $tolerance;

            #[inline]
            fn parts(self) -> Option<(bool, u64, i32)> {
                const HIDDEN: u64 = 1 << $fraction_bits;
                let bits = u64::from(self.to_bits());
                let fraction = bits & (HIDDEN - 1);
                let biased = (self.abs().to_bits() >> $fraction_bits) as i32;
                let exponent = biased.max(1) - ($type::MAX_EXP - 1) - $fraction_bits;
                let mantissa = if biased == 0 { fraction } else { fraction | HIDDEN };
                self.is_finite().then_some((self.is_sign_negative(), mantissa, exponent))
            }

            #[inline]
            fn is_dense(self) -> bool {
                !self.is_subnormal()
            }

            #[inline]
            fn narrow(nearest: f64) -> Option<Self> {
                $narrow(nearest)
            }

            fn is_not_a_number(self) -> bool {
                self.is_nan()
            }

            fn is_below_zero(self) -> bool {
                self < 0.0
            }

            fn magnitude(self) -> Self {
                self.abs()
            }
        }
    };
}

float!(f32, 9, 61, 23, |nearest: f64| {
    // A double halfway between two floats does not tell on which side of it the text is.
    let is_halfway = nearest.to_bits() & ((1 << 29) - 1) == 1 << 28;
    (!is_halfway).then_some(nearest as f32)
});
float!(f64, 17, 13, 52, Some);

/// Appends `value` as the protocol writes floats.
#[inline]
pub(super) fn write<F: Float>(value: F, out: &mut Vec<u8>) {
    match value.parts() {
        None => write_non_finite(value, out),
        Some((is_negative, 0, _)) => out.extend_from_slice(if is_negative { b"-0.0" } else { b"0.0" }),
        Some((is_negative, mantissa, exponent)) => {
            shortest_decimal(value.magnitude(), mantissa, exponent).write(is_negative, out);
        }
    }
}

#[cold]
fn write_non_finite<F: Float>(value: F, out: &mut Vec<u8>) {
    let token: &[u8] = match (value.is_not_a_number(), value.is_below_zero()) {
        (true, _) => b"NaN",
        (_, true) => b"-Infinity",
        (_, false) => b"Infinity",
    };
    out.extend_from_slice(token);
}

/// The digits that the protocol shows for a positive value.
#[inline]
fn shortest_decimal<F: Float>(value: F, mantissa: u64, exponent: i32) -> Decimal {
    let exact = if value.is_dense() { significant_digits(mantissa, exponent, F::PRECISION) } else { None };
    match exact.map(|long| (long, shortened::<F>(long))) {
        Some((_, Some(short))) if reads_back_as(short, value) => short,
        Some((long, _)) => long,
        None => general_decimal(value),
    }
}

/// The six digits of `%g`, where they may read back as the value that has the digits `long`.
#[inline]
fn shortened<F: Float>(long: Decimal) -> Option<Decimal> {
    let unit = 10u64.pow((F::PRECISION - SHORT_PRECISION) as u32);
    let rest = long.digits % unit;
    if rest > F::TOLERANCE && rest < unit - F::TOLERANCE {
        return None;
    }
    let digits = (long.digits + unit / 2) / unit;
    Some(if digits == 10u64.pow(SHORT_PRECISION as u32) {
        Decimal { digits: digits / 10, num_digits: SHORT_PRECISION, exponent: long.exponent + 1 }
    } else {
        Decimal { digits, num_digits: SHORT_PRECISION, exponent: long.exponent }
    })
}

#[cold]
fn general_decimal<F: Float>(value: F) -> Decimal {
    let short = general_digits(value, SHORT_PRECISION);
    if reads_back_as(short, value) { short } else { general_digits(value, F::PRECISION) }
}

/// The digits by the standard library's printer, which is exact and rounds half to even.
fn general_digits<F: Float>(value: F, num_digits: usize) -> Decimal {
    let text = format!("{value:.*e}", num_digits - 1);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.bytes().filter(u8::is_ascii_digit).fold(0, |all, digit| all * 10 + u64::from(digit - b'0'));
    Decimal { digits, num_digits, exponent: exponent.parse().unwrap_or(0) }
}

/// The first `num_digits` digits of `mantissa * 2^exponent`, rounded half to even; `None` beyond 128 bits.
#[inline]
fn significant_digits(mantissa: u64, exponent: i32, num_digits: usize) -> Option<Decimal> {
    let log2 = mantissa.ilog2() as i32 + exponent;
    // floor(log2 * log10(2)): the decimal exponent or one less.
    let mut power = (log2 * 78_913) >> 18;
    let mut digits = scale(mantissa, exponent, num_digits as i32 - 1 - power)?;
    if digits >= 10u64.pow(num_digits as u32) {
        power += 1;
        digits = scale(mantissa, exponent, num_digits as i32 - 1 - power)?;
    }
    Some(Decimal { digits, num_digits, exponent: power })
}

/// `mantissa * 2^exponent * 10^power`, rounded half to even. The caller knows that it fits.
#[inline]
fn scale(mantissa: u64, exponent: i32, power: i32) -> Option<u64> {
    let Ok(five) = usize::try_from(power) else { return scale_down(mantissa, exponent, power.unsigned_abs()) };
    let product = u128::from(mantissa).checked_mul(*POWERS_OF_FIVE.get(five)?)?;
    let shift = -(exponent + power);
    if shift <= 0 {
        return Some((product as u64) << -shift);
    }
    let shift = u32::try_from(shift).ok().filter(|&shift| shift < u128::BITS)?;
    let rest = product & ((1 << shift) - 1);
    Some(round_half_even((product >> shift) as u64, rest, 1 << (shift - 1)))
}

/// `mantissa * 2^exponent / 10^power`.
fn scale_down(mantissa: u64, exponent: i32, power: u32) -> Option<u64> {
    let shift = u32::try_from(exponent).ok().filter(|&shift| mantissa.ilog2() + shift < u128::BITS)?;
    let whole = u128::from(mantissa) << shift;
    let divisor = 10u128.checked_pow(power)?;
    Some(round_half_even((whole / divisor) as u64, whole % divisor, divisor / 2))
}

#[inline]
fn round_half_even(whole: u64, rest: u128, half: u128) -> u64 {
    whole + u64::from(rest > half || (rest == half && whole & 1 == 1))
}

/// Whether `value` is what a parser of its type makes of `short`, a decimal of six digits.
#[inline]
fn reads_back_as<F: Float>(short: Decimal, value: F) -> bool {
    let power = short.exponent + 1 - SHORT_PRECISION as i32;
    if let Some(&scale) = EXACT_POWERS.get(power.unsigned_abs() as usize) {
        // One exact operand by another: the double is the nearest one.
        let digits = short.digits as f64;
        let nearest = if power < 0 { digits / scale } else { digits * scale };
        if let Some(parsed) = F::narrow(nearest) {
            return parsed == value;
        }
    }
    let literal = format!("{}e{power}", short.digits);
    fast_float2::parse::<F, _>(literal).is_ok_and(|parsed| parsed == value)
}
