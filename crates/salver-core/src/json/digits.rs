//! Decimal digits of integers, read eight at a time as one machine word, and written two at a time.

use super::syntax::byte_at;

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// 10^0 ..= 10^8, by the number of digits taken from one word.
const WORD_SCALES: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// `00` to `99`, two characters each.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut value = 0;
    while value < 100 {
        pairs[value] = [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
        value += 1;
    }
    pairs
};

// === reading ===

#[inline]
fn word_at(text: &[u8], pos: usize) -> Option<u64> {
    text.get(pos..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// How many of the word's bytes, from the first, are ASCII digits.
#[inline]
fn leading_digits(word: u64) -> usize {
    let mapped = word ^ ZEROS;
    // A byte of 10 or more gets its high bit; carries only spoil bytes behind the first such byte.
    let other = (mapped.wrapping_add(0x7676_7676_7676_7676) | mapped) & 0x8080_8080_8080_8080;
    other.trailing_zeros() as usize / 8
}

/// The first position at or after `pos` that holds no digit.
#[inline]
pub(super) fn skip_digits(text: &[u8], mut pos: usize) -> usize {
    while let Some(word) = word_at(text, pos) {
        let count = leading_digits(word);
        pos += count;
        if count < 8 {
            return pos;
        }
    }
    while byte_at(text, pos).is_ascii_digit() {
        pos += 1;
    }
    pos
}

/// The number that the first `count` (1..=8) bytes of `word` spell.
#[inline]
fn word_value(word: u64, count: usize) -> u64 {
    // Shifting in zero bytes at the front leaves leading zeros.
    let digits = (word ^ ZEROS) << (64 - 8 * count);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let high = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let low = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    high.wrapping_add(low) >> 32
}

/// Appends the digits at `pos` to `value`, which wraps when they are too many, and gives the position after them.
#[inline]
pub(super) fn take_digits(text: &[u8], mut pos: usize, value: &mut u64) -> usize {
    while let Some(word) = word_at(text, pos) {
        let count = leading_digits(word);
        if count == 0 {
            return pos;
        }
        *value = value.wrapping_mul(WORD_SCALES[count]).wrapping_add(word_value(word, count));
        pos += count;
        if count < 8 {
            return pos;
        }
    }
    while byte_at(text, pos).is_ascii_digit() {
        *value = value.wrapping_mul(10).wrapping_add(u64::from(text[pos] - b'0'));
        pos += 1;
    }
    pos
}

// === writing ===

/// Fills `target` from its end with the digits of `value`, zeros in front; higher digits are lost.
#[inline]
pub(super) fn fill(target: &mut [u8], mut value: u64) {
    let mut pairs = target.rchunks_exact_mut(2);
    for pair in pairs.by_ref() {
        pair.copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    if let [first] = pairs.into_remainder() {
        *first = b'0' + (value % 10) as u8;
    }
}

/// Appends `value`, with a minus sign in front if it is negative.
#[inline]
pub(super) fn write_integer(is_negative: bool, magnitude: u64, out: &mut Vec<u8>) {
    if is_negative {
        out.push(b'-');
    }
    let num_digits = magnitude.checked_ilog10().unwrap_or(0) as usize + 1;
    let start = out.len();
    out.resize(start + num_digits, b'0');
    fill(&mut out[start..], magnitude);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_digits_and_no_more() {
        for (text, value, end) in
            [("", 0, 0), ("x", 0, 0), ("7", 7, 1), ("12345678", 12_345_678, 8), ("0123456789.", 123_456_789, 10)]
        {
            for tail in ["", "/", ":::::::::", "\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}"] {
                let text = format!("{text}{tail}");
                let mut taken = 0;
                assert_eq!((take_digits(text.as_bytes(), 0, &mut taken), taken), (end, value), "{text}");
                assert_eq!(skip_digits(text.as_bytes(), 0), end, "{text}");
            }
        }
    }

    #[test]
    fn writes_every_length() {
        let mut magnitude = 0u64;
        for digit in (0..=19).map(|n| (n % 9) + 1) {
            let mut out = Vec::new();
            write_integer(true, magnitude, &mut out);
            assert_eq!(out, format!("-{magnitude}").as_bytes());
            magnitude = magnitude.saturating_mul(10).saturating_add(digit);
        }
        let mut out = Vec::new();
        write_integer(false, u64::MAX, &mut out);
        assert_eq!(out, u64::MAX.to_string().as_bytes());
    }
}
