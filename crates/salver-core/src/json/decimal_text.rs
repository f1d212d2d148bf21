//! Decimals as text, in C's `%g` form with a point or an exponent always.
//!
//! Numbers of at most nine digits, which is every float and every short double, are put together in one 128-bit
//! register, a character per byte, and stored once. Writing characters one by one and copying them afterwards costs
//! twice as much: the processor cannot forward many small stores to one wide load.

use super::digits;

/// Most digits of the register form.
const MAX_WORD_DIGITS: usize = 9;

/// Most characters of any number: sign, 17 digits, point and `e-324`.
const MAX_LENGTH: usize = 24;

const ALL_ZEROS: u128 = 0x3030_3030_3030_3030_3030_3030_3030_3030;

/// A decimal `d.ddd * 10^exponent` whose `num_digits` digits, as an integer, are `digits`; the first is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) digits: u64,
    pub(super) num_digits: usize,
    pub(super) exponent: i32,
}

/// How `%g` shows a decimal.
enum Form {
    /// The point follows this many digits.
    Point(usize),
    /// `0.`, zeros, digits: the digits begin at this position.
    Fraction(usize),
    /// One digit before the point, and an exponent.
    Exponent,
}

impl Decimal {
    /// Appends the decimal with as many digits as it has, without zeros at the end.
    #[inline]
    pub(super) fn write(self, is_negative: bool, out: &mut Vec<u8>) {
        if self.num_digits <= MAX_WORD_DIGITS {
            self.write_word(is_negative, out);
        } else {
            self.write_wide(is_negative, out);
        }
    }

    #[inline]
    fn form(self) -> Form {
        match usize::try_from(self.exponent) {
            Ok(exponent) if exponent < self.num_digits => Form::Point(exponent + 1),
            Err(_) if self.exponent >= -4 => Form::Fraction(1 + self.exponent.unsigned_abs() as usize),
            _ => Form::Exponent,
        }
    }

    // === in a register; the first character is the lowest byte ===

    #[inline]
    fn write_word(self, is_negative: bool, out: &mut Vec<u8>) {
        let nine_digits = self.digits * 10u64.pow((MAX_WORD_DIGITS - self.num_digits) as u32);
        let values = u128::from(nine_digits / 100_000_000) | u128::from(spread(nine_digits % 100_000_000)) << 8;
        let num_digits = (u128::BITS - values.leading_zeros()).div_ceil(8) as usize;
        let characters = values | ALL_ZEROS;
        let (mut text, mut length) = match self.form() {
            Form::Point(point) => (insert_point(characters, point), 1 + num_digits.max(point + 1)),
            Form::Fraction(first) => {
                let zeros = insert_point(ALL_ZEROS, 1) & low_bytes(first);
                (characters << (8 * first) | zeros, first + num_digits)
            }
            Form::Exponent => self.append_exponent(insert_point(characters, 1), num_digits),
        };
        if is_negative {
            text = text << 8 | u128::from(b'-');
            length += 1;
        }
        let end = out.len() + length;
        out.extend_from_slice(&text.to_le_bytes());
        out.truncate(end);
    }

    /// `d.ddd` and its number of digits to the exponent form and its length.
    fn append_exponent(self, text: u128, num_digits: usize) -> (u128, usize) {
        let length = if num_digits == 1 { 1 } else { num_digits + 1 };
        let (suffix, suffix_length) = exponent_suffix(self.exponent);
        let suffix = u128::from(u64::from_le_bytes(suffix));
        (text & low_bytes(length) | suffix << (8 * length), length + suffix_length)
    }

    // === in place ===

    fn write_wide(self, is_negative: bool, out: &mut Vec<u8>) {
        let start = out.len() + usize::from(is_negative);
        out.resize(start + MAX_LENGTH, b'0');
        if is_negative {
            out[start - 1] = b'-';
        }
        let length = self.fill(&mut out[start..]);
        out.truncate(start + length);
    }

    /// Writes to the front of `text`, which is full of zeros, and gives the length.
    fn fill(self, text: &mut [u8]) -> usize {
        let first = if let Form::Fraction(first) = self.form() { first } else { 1 };
        digits::fill(&mut text[first..first + self.num_digits], self.digits);
        let end = first + self.num_digits;
        let zeros = text[first + 1..end].iter().rev().take_while(|&&digit| digit == b'0').count();
        let end = end - zeros;
        match self.form() {
            Form::Fraction(_) => {
                text[1] = b'.';
                end
            }
            Form::Point(point) => {
                text.copy_within(1..=point, 0);
                text[point] = b'.';
                end.max(point + 2)
            }
            Form::Exponent => {
                text[0] = text[1];
                text[1] = b'.';
                let length = if end == 2 { 1 } else { end };
                let (suffix, suffix_length) = exponent_suffix(self.exponent);
                text[length..length + suffix_length].copy_from_slice(&suffix[..suffix_length]);
                length + suffix_length
            }
        }
    }
}

/// `e`, sign and at least two digits, and the length of it all.
#[inline]
fn exponent_suffix(exponent: i32) -> ([u8; 8], usize) {
    let mut suffix = [b'e', if exponent < 0 { b'-' } else { b'+' }, 0, 0, 0, 0, 0, 0];
    let magnitude = exponent.unsigned_abs();
    let width = if magnitude < 100 { 2 } else { 3 };
    digits::fill(&mut suffix[2..2 + width], u64::from(magnitude));
    (suffix, 2 + width)
}

/// The lowest `count` bytes, fewer than 16.
#[inline]
fn low_bytes(count: usize) -> u128 {
    (1 << (8 * count)) - 1
}

/// A point after the first `count` characters.
#[inline]
fn insert_point(characters: u128, count: usize) -> u128 {
    let before = low_bytes(count);
    (characters & before) | u128::from(b'.') << (8 * count) | (characters & !before) << 8
}

/// The eight digits of `value`, one per byte, the first in the lowest.
#[inline]
fn spread(value: u64) -> u64 {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    // Quotients by multiplication: exact for numerators below 10_000 and below 100.
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - 10 * tens) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(digits: u64, exponent: i32) -> String {
        let num_digits = digits.to_string().len();
        let mut out = b"x".to_vec();
        Decimal { digits, num_digits, exponent }.write(true, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn digits_are_spread_over_bytes() {
        for value in [0, 1, 9, 10, 99, 100, 9999, 10_000, 12_345_678, 99_999_999, 90_909_090] {
            let digits = (spread(value) | 0x3030_3030_3030_3030).to_le_bytes();
            assert_eq!(std::str::from_utf8(&digits).unwrap(), format!("{value:08}"));
        }
    }

    #[test]
    fn short_and_long_decimals_take_the_same_forms() {
        for (exponent, six, nine, seventeen) in [
            (0, "x-1.2345", "x-1.23456789", "x-1.2345678901234567"),
            (3, "x-1234.5", "x-1234.56789", "x-1234.5678901234567"),
            (5, "x-123450.0", "x-123456.789", "x-123456.78901234567"),
            (8, "x-1.2345e+08", "x-123456789.0", "x-123456789.01234567"),
            (16, "x-1.2345e+16", "x-1.23456789e+16", "x-12345678901234567.0"),
            (17, "x-1.2345e+17", "x-1.23456789e+17", "x-1.2345678901234567e+17"),
            (123, "x-1.2345e+123", "x-1.23456789e+123", "x-1.2345678901234567e+123"),
            (-1, "x-0.12345", "x-0.123456789", "x-0.12345678901234567"),
            (-4, "x-0.00012345", "x-0.000123456789", "x-0.00012345678901234567"),
            (-5, "x-1.2345e-05", "x-1.23456789e-05", "x-1.2345678901234567e-05"),
            (-308, "x-1.2345e-308", "x-1.23456789e-308", "x-1.2345678901234567e-308"),
        ] {
            assert_eq!(text(123_450, exponent), six);
            assert_eq!(text(123_456_789, exponent), nine);
            assert_eq!(text(12_345_678_901_234_567, exponent), seventeen);
        }
    }

    #[test]
    fn zeros_at_the_end_are_left_out() {
        for (exponent, want) in
            [(0, "x-3.0"), (2, "x-300.0"), (5, "x-300000.0"), (-2, "x-0.03"), (-5, "x-3e-05"), (300, "x-3e+300")]
        {
            assert_eq!(text(300_000, exponent), want);
            assert_eq!(text(30_000_000_000_000_000, exponent), want);
        }
    }
}
