//! Decimal digits of integers.

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
