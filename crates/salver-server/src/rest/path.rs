//! The paths of the REST API: `/v1/models/NAME[/versions/DIGITS|/labels/LABEL]` and `:VERB` behind it for inference.

use std::borrow::Cow;

use hyper::Method;
use percent_encoding::percent_decode_str;
use salver_core::Status;
use salver_core::wire::{ModelSpec, Utf8Bytes, VersionChoice};

use crate::inference::Api;

/// What a path asks of which model.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// What is asked.
    pub(crate) api: Api,
    /// The model and its version; the signature stands in the body.
    pub(crate) spec: ModelSpec,
}

/// Whether this is a path of the API, well-formed or not.
pub(crate) fn is_api(path: &str) -> bool {
    strip_prefix_ignoring_case(path, "/v1/").is_some()
}

/// The model that a request of any kind names; empty where the path is not one of the API.
pub(crate) fn model_name(method: &Method, path: &str) -> Utf8Bytes {
    let inner = strip_prefix_ignoring_case(path, "/v1/models/");
    let target = inner.and_then(|inner| match *method {
        Method::GET => target(strip_suffix_ignoring_case(inner, "/metadata").unwrap_or(inner)),
        Method::POST => {
            inner.rsplit_once(':').filter(|(_, verb)| Api::of_verb(verb).is_some()).and_then(|(text, _)| target(text))
        }
        _ => None,
    });
    target.and_then(|target| decode(target.name).ok()).map(|name| name.into_owned().into()).unwrap_or_default()
}

/// Reads the path of an inference; `None` for any other path.
///
/// # Errors
/// INVALID_ARGUMENT for a version beyond int64 or a name that is not UTF-8 after percent-decoding.
pub(crate) fn parse_inference(path: &str) -> Result<Option<Route>, Status> {
    let Some(inner) = strip_prefix_ignoring_case(path, "/v1/models/") else { return Ok(None) };
    let Some((text, verb)) = inner.rsplit_once(':') else { return Ok(None) };
    let Some((api, target)) = Api::of_verb(verb).zip(target(text)) else { return Ok(None) };
    let name: Utf8Bytes = decode(target.name)?.into_owned().into();
    let choice = match target.choice {
        TargetChoice::Latest => VersionChoice::Latest,
        TargetChoice::Version(digits) => version(digits)?,
        TargetChoice::Label(label) => VersionChoice::Label(decode(label)?.into_owned().into()),
    };
    Ok(Some(Route { api, spec: ModelSpec { name, choice, ..ModelSpec::default() } }))
}

/// What stands between `/v1/models/` and the verb, still percent-encoded.
struct Target<'a> {
    name: &'a str,
    choice: TargetChoice<'a>,
}

enum TargetChoice<'a> {
    Latest,
    Version(&'a str),
    Label(&'a str),
}

fn target(text: &str) -> Option<Target<'_>> {
    let mut parts = text.split('/');
    let (name, kind, value) = (parts.next()?, parts.next(), parts.next());
    let is_plain = |text: &str| !text.is_empty() && !text.contains(':');
    if parts.next().is_some() || !is_plain(name) || !value.is_none_or(is_plain) {
        return None;
    }
    let choice = match (kind.map(str::to_ascii_lowercase).as_deref(), value) {
        (None, None) => TargetChoice::Latest,
        (Some("versions"), Some(digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => TargetChoice::Version(digits),
        (Some("labels"), Some(label)) => TargetChoice::Label(label),
        _ => return None,
    };
    Some(Target { name, choice })
}

fn version(digits: &str) -> Result<VersionChoice, Status> {
    let number = digits.parse();
    number
        .map(VersionChoice::Version)
        .map_err(|_| Status::invalid_argument(format!("Failed to convert version: {digits} to numeric.")))
}

fn strip_prefix_ignoring_case<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = path.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

fn strip_suffix_ignoring_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    tail.eq_ignore_ascii_case(suffix).then_some(head)
}

fn decode(text: &str) -> Result<Cow<'_, str>, Status> {
    let is_escape = |part: &str| part.len() >= 2 && part.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
    if !text.split('%').skip(1).all(is_escape) {
        return Err(Status::invalid_argument(format!("{text:?} has a percent sign without two hex digits")));
    }
    percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| Status::invalid_argument(format!("{text:?} is not UTF-8 after percent-decoding")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(model: &str, version: Option<i64>, label: Option<&str>) -> Option<Route> {
        let choice = match (version, label) {
            (Some(version), _) => VersionChoice::Version(version),
            (None, Some(label)) => VersionChoice::Label(label.into()),
            (None, None) => VersionChoice::Latest,
        };
        Some(Route { api: Api::Predict, spec: ModelSpec { name: model.into(), choice, ..ModelSpec::default() } })
    }

    #[test]
    fn reads_names_versions_and_labels() {
        for (path, want) in [
            ("/v1/models/m:predict", route("m", None, None)),
            ("/V1/Models/m:predict", route("m", None, None)),
            ("/v1/models/m/versions/007:predict", route("m", Some(7), None)),
            ("/v1/models/m/labels/a%2Fb:predict", route("m", None, Some("a/b"))),
            ("/v1/models/a%3Ab+c:predict", route("a:b+c", None, None)),
            ("/v1/models/m:PREDICT", route("m", None, None)),
            ("/v1/models/m:frobnicate", None),
            ("/v1/models/m/versions/x:predict", None),
            ("/v1/models/m/version/1:predict", None),
            ("/v1/models/m/versions/1/labels/a:predict", None),
            ("/v1/models/:predict", None),
            ("/v1/models/m", None),
        ] {
            assert_eq!(parse_inference(path).unwrap(), want, "{path}");
        }
    }

    #[test]
    fn finds_the_model_that_a_request_names() {
        for (method, path, want) in [
            (Method::GET, "/v1/models/a%2Fb", "a/b"),
            (Method::GET, "/V1/Models/m/versions/99999999999999999999/METADATA", "m"),
            (Method::GET, "/v1/models/m/labels/x/metadata", "m"),
            (Method::GET, "/v1/models/metadata", "metadata"),
            (Method::POST, "/v1/models/m/versions/99999999999999999999:predict", "m"),
            (Method::GET, "/v1/models/m:predict", ""),
            (Method::GET, "/v1/models/m/versions/x", ""),
            (Method::GET, "/v1/models/m/elsewhere", ""),
            (Method::GET, "/v1/models/%zz", ""),
            (Method::GET, "/v1/models/", ""),
            (Method::GET, "/v1/\u{e4}", ""),
            (Method::POST, "/v1/models/m", ""),
            (Method::PUT, "/v1/models/m", ""),
            (Method::OPTIONS, "/v1/models/m", ""),
        ] {
            assert_eq!(model_name(&method, path), want, "{method} {path}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_converted() {
        let version = parse_inference("/v1/models/m/versions/99999999999999999999:predict").unwrap_err();
        assert!(version.message.starts_with("Failed to convert version: 99999999999999999999"));
        assert!(parse_inference("/v1/models/%zz:predict").is_err());
        assert!(parse_inference("/v1/models/%FF:predict").is_err());
    }
}
