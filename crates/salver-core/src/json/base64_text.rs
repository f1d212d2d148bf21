//! Base64 as requests may spell it: standard alphabet, padding optional, white space ignored.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Padding is judged and cut off before this engine sees the text.
const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes that `text` stands for; `None` where it is not base64.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if let Some(bytes) = decode_dense(text) {
        return Some(bytes);
    }
    // White space is rare, so it is only looked for once the text as it stands has failed.
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    if !text.iter().any(is_space) {
        return None;
    }
    let dense: Vec<u8> = text.iter().copied().filter(|byte| !is_space(byte)).collect();
    decode_dense(&dense)
}

fn decode_dense(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    if padding > 0 && (padding > 2 || !text.len().is_multiple_of(4)) {
        return None;
    }
    UNPADDED.decode(&text[..text.len() - padding]).ok()
}

/// Appends `bytes` in standard base64 with padding.
pub(super) fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The target has exactly the padded length, which is the one reason this call could fail.
    let written = base64::engine::general_purpose::STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_the_protocol_allows() {
        for (text, want) in [
            ("", Some("")),
            ("aGVsbG8=", Some("hello")),
            ("aGVsbG8", Some("hello")),
            ("aGVs bG8=\n", Some("hello")),
            ("aGVsbA==", Some("hell")),
            ("aGVsbA", Some("hell")),
            ("aGVsbA=", None),
            ("aGVsbA===", None),
            ("=", None),
            ("a", None),
            ("aGVsb", None),
            ("aGV$bG8=", None),
            ("_-8=", None),
            ("aG=Vs", None),
        ] {
            assert_eq!(decode(text.as_bytes()), want.map(|w| w.as_bytes().to_vec()), "{text:?}");
        }
        assert_eq!(decode(b"/+8="), Some(vec![0xff, 0xef]));
    }

    #[test]
    fn encodes_with_padding() {
        for (bytes, want) in [("", ""), ("h", "aA=="), ("he", "aGU="), ("hel", "aGVs"), ("hello", "aGVsbG8=")] {
            let mut out = b"x".to_vec();
            encode_into(bytes.as_bytes(), &mut out);
            assert_eq!(out, format!("x{want}").as_bytes());
        }
    }
}
