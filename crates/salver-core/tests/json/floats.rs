//! Floats against the C library: `%g`, and where `strtof` or `strtod` does not read it back, `%.9g` or `%.17g`.

use std::ffi::CStr;

use crate::support::{Scalar, encode, fixed};
use proptest::prelude::*;
use salver_core::DType;
use salver_core::json::Format;

/// C's text of `value` with this many significant digits.
fn c_format(value: f64, num_digits: i32) -> String {
    let mut buffer = [0u8; 64];
    // SAFETY: the buffer's true length is passed, the format takes one int and one double, and both are given.
    unsafe { libc::snprintf(buffer.as_mut_ptr().cast(), buffer.len(), c"%.*g".as_ptr(), num_digits, value) };
    CStr::from_bytes_until_nul(&buffer).expect("a terminated text").to_str().expect("ASCII").to_owned()
}

fn c_reads(text: &str) -> (f32, f64) {
    let text = std::ffi::CString::new(text).expect("no zero byte");
    // SAFETY: the text is zero-terminated and lives through both calls; a null end pointer is allowed.
    unsafe { (libc::strtof(text.as_ptr(), std::ptr::null_mut()), libc::strtod(text.as_ptr(), std::ptr::null_mut())) }
}

fn with_point(text: String) -> String {
    if text.contains(['.', 'e']) { text } else { text + ".0" }
}

fn float_reference(value: f32) -> String {
    let short = c_format(f64::from(value), 6);
    with_point(if c_reads(&short).0 == value { short } else { c_format(f64::from(value), 9) })
}

fn double_reference(value: f64) -> String {
    let short = c_format(value, 6);
    with_point(if c_reads(&short).1 == value { short } else { c_format(value, 17) })
}

/// The texts that the codec gives these elements.
fn written<T: Scalar>(dtype: DType, values: &[T]) -> Vec<String> {
    let body = encode(Format::Row, &[("y", &fixed(dtype, &[values.len() as i64], values))]).expect("an answer");
    let start = body.find('[').expect("a list") + 1;
    let end = body.rfind("\n    ]").expect("a list");
    body[start..end].split(", ").map(str::to_owned).collect()
}

fn assert_floats(values: Vec<f32>) {
    let values: Vec<f32> = values.into_iter().filter(|value| value.is_finite()).collect();
    for (value, text) in values.iter().zip(written(DType::Float, &values)) {
        assert_eq!(text, float_reference(*value), "{:#010x}", value.to_bits());
    }
}

fn assert_doubles(values: Vec<f64>) {
    let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    for (value, text) in values.iter().zip(written(DType::Double, &values)) {
        assert_eq!(text, double_reference(*value), "{:#018x}", value.to_bits());
    }
}

/// A fixed sequence of random words.
fn random_words(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    (0..count).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

#[test]
fn random_bit_patterns_read_like_c() {
    assert_floats(random_words(300_000).map(|word| f32::from_bits((word >> 32) as u32)).collect());
    assert_doubles(random_words(200_000).map(f64::from_bits).collect());
}

#[test]
fn values_of_few_digits_read_like_c() {
    let decimal = |word: u64| {
        let digits = (word >> 40) % 10u64.pow((word % 8) as u32 + 1);
        format!("{digits}e{}", (word >> 8) as i64 % 50 - 25)
    };
    assert_floats(random_words(200_000).map(|word| decimal(word).parse().expect("a number")).collect());
    assert_doubles(random_words(200_000).map(|word| decimal(word).parse().expect("a number")).collect());
}

#[test]
fn neighbours_of_few_digits_read_like_c() {
    let near = |word: u64| {
        let value: f32 =
            format!("{}e{}", (word >> 44) % 1_000_000, (word >> 8) as i64 % 40 - 20).parse().expect("a number");
        f32::from_bits(value.to_bits().wrapping_add_signed((word % 7) as i32 - 3) & 0x7fff_ffff)
    };
    assert_floats(random_words(200_000).map(near).collect());
    assert_doubles(random_words(100_000).map(|word| f64::from(near(word))).collect());
}

#[test]
fn powers_ties_and_limits_read_like_c() {
    let halves = (1..2000).map(|n| 1.0 + f64::from(n) / 1024.0);
    let powers = (-1074..1024).map(|power| 2f64.powi(power));
    let tens = (-323..309).map(|power| format!("1e{power}").parse::<f64>().expect("a number"));
    let limits = [0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, 4.9e-324, 999_999.5, 9_999_995.0, 0.999_999_95, 1e16, 1e17];
    let values: Vec<f64> = halves.chain(powers).chain(tens).chain(limits).flat_map(|value| [value, -value]).collect();
    let floats = values.iter().map(|&value| value as f32);
    assert_floats(floats.chain([f32::MAX, f32::MIN_POSITIVE, 1e-45]).collect());
    let neighbours = values.iter().flat_map(|value| [value.next_down(), *value, value.next_up()]);
    assert_doubles(neighbours.collect());
}

/// Takes an hour; run it by name after a change of the digit finding.
#[test]
#[ignore = "all 2^32 floats"]
fn all_floats_read_like_c() {
    for high in 0..=0xffffu32 {
        assert_floats((0..=0xffff).map(|low| f32::from_bits(high << 16 | low)).collect());
    }
}

proptest! {
    #[test]
    fn subnormals_read_like_c(float in 0u32..0x0100_0000, double in 0u64..0x0020_0000_0000_0000) {
        assert_floats(vec![f32::from_bits(float)]);
        assert_doubles(vec![f64::from_bits(double)]);
    }
}
