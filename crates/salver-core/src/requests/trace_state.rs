//! The `tracestate` of a caller, as the W3C recommendation "Trace Context" has it (section 3.3).
//!
//! It is passed on as it came, or in part where it is long, to collectors and to whatever servables call; so what is no
//! such list is passed on to nobody. The libraries that read it there complain of each one that is malformed, and
//! strangers write it.

/// Longer lists are passed on in part; section 3.3.1.5 asks for at least 512 characters.
const MAX_BYTES: usize = 512;
/// Longer members go first, by the same section.
const MAX_BYTES_OF_LASTING: usize = 128;
/// Section 3.3.1.1.
const MAX_MEMBERS: usize = 32;
const MAX_KEY_BYTES: usize = 256;
const MAX_VALUE_BYTES: usize = 256;
/// Of the two parts of a key with a tenant.
const MAX_TENANT_BYTES: usize = 241;
const MAX_SYSTEM_BYTES: usize = 14;

/// The members of these headers as one list; empty where one of them is malformed or comes twice, or where there are
/// too many.
pub fn trace_state<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> String {
    read(headers).unwrap_or_default()
}

fn read<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
    let (mut members, mut keys) = (Vec::new(), Vec::new());
    for header in headers {
        for member in header.split(|byte| *byte == b',') {
            let member = member.trim_ascii();
            if member.is_empty() {
                continue;
            }
            let member = std::str::from_utf8(member).ok()?;
            let (key, value) = member.split_once('=')?;
            let is_new = !keys.contains(&key);
            if !(is_key(key) && is_value(value) && is_new && keys.len() < MAX_MEMBERS) {
                return None;
            }
            keys.push(key);
            members.push(member);
        }
    }
    shorten(&mut members);
    Some(members.join(","))
}

/// Takes whole members off the end, long ones before all others, until the rest may be passed on.
fn shorten(members: &mut Vec<&str>) {
    let mut num_bytes = members.iter().map(|member| member.len() + 1).sum::<usize>();
    while num_bytes > MAX_BYTES + 1 {
        let last_long = members.iter().rposition(|member| member.len() > MAX_BYTES_OF_LASTING);
        num_bytes -= members.remove(last_long.unwrap_or(members.len() - 1)).len() + 1;
    }
}

/// Section 3.3.1.3.1.
fn is_key(key: &str) -> bool {
    let begins_with_letter = |text: &str| text.starts_with(|first: char| first.is_ascii_lowercase());
    match key.split_once('@') {
        None => begins_with_letter(key) && is_name(key, MAX_KEY_BYTES),
        Some((tenant, system)) => {
            let begins_well = begins_with_letter(tenant) || tenant.starts_with(|first: char| first.is_ascii_digit());
            let is_system = begins_with_letter(system) && is_name(system, MAX_SYSTEM_BYTES);
            begins_well && is_name(tenant, MAX_TENANT_BYTES) && is_system
        }
    }
}

fn is_name(text: &str, max_bytes: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(&byte);
    text.len() <= max_bytes && text.bytes().all(fits)
}

/// Section 3.3.1.3.2; blanks at its end have gone.
fn is_value(value: &str) -> bool {
    (1..=MAX_VALUE_BYTES).contains(&value.len())
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[&str]) -> String {
        trace_state(headers.iter().map(|header| header.as_bytes()))
    }

    #[test]
    fn members_are_passed_on_as_they_came() {
        assert_eq!(
            of(&["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE,,\t0tenant@system=a b"]),
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,0tenant@system=a b"
        );
        assert_eq!(of(&[]), "");
        let longest = format!("{}={}", "k".repeat(255), "v".repeat(256));
        assert_eq!(of(&[&longest]), longest);
    }

    #[test]
    fn a_long_list_loses_its_last_long_members_first_and_then_its_last() {
        let long = |key: &str| format!("{key}={}", "v".repeat(200));
        assert_eq!(
            of(&[&long("a"), "b=1", &long("c"), "d=1", &long("e"), "f=1"]),
            format!("{},b=1,{},d=1,f=1", long("a"), long("c"))
        );
        let short: Vec<String> = (10..42).map(|number| format!("k{number}={}", "v".repeat(28))).collect();
        assert_eq!(of(&[&short.join(",")]), short[..15].join(","));
        let too_long = format!("{}={}", "k".repeat(256), "v".repeat(256));
        assert_eq!(of(&[&too_long, "b=1"]), "b=1");
        assert_eq!(of(&[&too_long]), "");
    }

    #[test]
    fn what_is_no_such_list_is_passed_on_to_nobody() {
        let many: Vec<String> = (0..33).map(|number| format!("k{number}=v")).collect();
        for headers in [
            &["no member"][..],
            &["good=1", "bad"],
            &["twice=1", "twice=2"],
            &["Upper=1"],
            &["0digit=1"],
            &["a@Big=1"],
            &["a@b@c=1"],
            &["a="],
            &["a=b=c"],
            &["a=\u{7f}"],
            &["a=\u{e4}"],
            &["a=tab\tinside"],
            &[&many.join(",")],
            &[&format!("k={}", "v".repeat(257))],
            &[&format!("{}=v", "k".repeat(257))],
            &[&format!("a@{}=v", "s".repeat(15))],
        ] {
            assert_eq!(of(headers), "", "{headers:?}");
        }
    }
}
