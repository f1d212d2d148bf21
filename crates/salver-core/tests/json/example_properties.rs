//! What holds for every body of examples: what is written in JSON is what protobuf reads.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use salver_core::json::scan_examples;
use salver_core::wire::MemoryBudget;
use salver_core::wire::reader::{Malformed, Reader, Span, Value};

/// A feature as JSON has it: a bare value or a list of one kind.
#[derive(Clone, Debug, PartialEq)]
enum Feature {
    Empty,
    Bytes(Vec<Vec<u8>>),
    Floats(Vec<f32>),
    Int64s(Vec<i64>),
}

type Example = Vec<(String, Feature)>;

// === reading what was written, by the rules of the messages alone ===

fn spans<'a>(message: Span<'a>, number: u32) -> Result<Vec<Span<'a>>, Malformed> {
    let (mut found, mut fields) = (Vec::new(), message.fields());
    while let Some(field) = fields.next_field()? {
        match field.value {
            Value::Span(span) if field.number == number => found.push(span),
            other => panic!("field {} with {other:?} where {number} is expected", field.number),
        }
    }
    Ok(found)
}

fn one<'a>(message: Span<'a>, number: u32) -> Span<'a> {
    spans(message, number).expect("a sound message")[0]
}

fn read_example(bytes: &Bytes) -> Result<Example, Malformed> {
    let whole = Span { bytes, offset: 0 };
    let features = spans(whole, 1)?;
    let entries = features.first().map_or_else(|| Ok(Vec::new()), |&features| spans(features, 1))?;
    entries.into_iter().map(read_entry).collect()
}

fn read_entry(entry: Span<'_>) -> Result<(String, Feature), Malformed> {
    let (mut name, mut feature) = (None, None);
    let mut fields = entry.fields();
    while let Some(field) = fields.next_field()? {
        match (field.number, field.value) {
            (1, Value::Span(text)) => name = Some(String::from_utf8(text.bytes.to_vec()).expect("UTF-8")),
            (2, Value::Span(value)) => feature = Some(read_feature(value)?),
            other => panic!("{other:?} in an entry"),
        }
    }
    Ok((name.expect("a name"), feature.expect("a feature")))
}

fn read_feature(feature: Span<'_>) -> Result<Feature, Malformed> {
    let Some(field) = Reader::new(feature.bytes).next_field()? else { return Ok(Feature::Empty) };
    let Value::Span(list) = field.value else { panic!("{field:?} in a feature") };
    Ok(match field.number {
        1 => Feature::Bytes(spans(list, 1)?.into_iter().map(|value| value.bytes.to_vec()).collect()),
        2 => {
            let (floats, rest) = one(list, 1).bytes.as_chunks();
            assert!(rest.is_empty());
            Feature::Floats(floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
        }
        3 => {
            let (mut run, mut values) = (one(list, 1).varints(), Vec::new());
            while let Some(value) = run.next_value()? {
                values.push(value as i64);
            }
            Feature::Int64s(values)
        }
        other => panic!("field {other} in a feature"),
    })
}

// === bodies ===

fn any_feature() -> impl Strategy<Value = Feature> {
    prop_oneof![
        Just(Feature::Empty),
        vec(vec(any::<u8>(), 0..40), 1..5).prop_map(Feature::Bytes),
        vec(any::<f32>().prop_map(|value| if value.is_nan() { f32::NAN } else { value }), 1..9)
            .prop_map(Feature::Floats),
        vec(any::<i64>(), 1..9).prop_map(Feature::Int64s),
        vec(0i64..200, 1..9).prop_map(Feature::Int64s),
    ]
}

fn any_example() -> impl Strategy<Value = Example> {
    vec(("\\PC{0,6}", any_feature()), 0..5)
}

fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn bytes_json(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let sextet = |bits: &[u8]| (0..6).fold(0, |value, bit| value << 1 | usize::from(*bits.get(bit).unwrap_or(&0)));
    let digits: String = bits.chunks(6).map(|bits| char::from(alphabet[sextet(bits)])).collect();
    format!("{{\"b64\": \"{digits}\"}}")
}

fn float_json(value: f32) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        f32::INFINITY => "Infinity".to_owned(),
        f32::NEG_INFINITY => "-Infinity".to_owned(),
        _ => format!("{:e}", f64::from(value)),
    }
}

fn feature_json(feature: &Feature) -> String {
    let mut values: Vec<String> = match feature {
        Feature::Empty => Vec::new(),
        Feature::Bytes(values) => values
            .iter()
            .map(|value| match std::str::from_utf8(value) {
                Ok(text) => quoted(text),
                Err(_) => bytes_json(value),
            })
            .collect(),
        Feature::Floats(values) => values.iter().map(|&value| float_json(value)).collect(),
        Feature::Int64s(values) => values.iter().map(i64::to_string).collect(),
    };
    if values.len() == 1 { values.remove(0) } else { format!("[{}]", values.join(" , ")) }
}

fn example_json(example: &Example) -> String {
    let members = example.iter().map(|(name, feature)| format!("{}: {}", quoted(name), feature_json(feature)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn body(context: Option<&Example>, examples: &[Example]) -> String {
    let examples: Vec<String> = examples.iter().map(example_json).collect();
    let context = context.map_or_else(String::new, |context| format!("\"context\":{},", example_json(context)));
    format!("{{{context}\"examples\":[{}]}}", examples.join(","))
}

fn any_tokens() -> impl Strategy<Value = String> {
    let tokens = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\"examples\"",
        "\"context\"",
        "\"x\"",
        "\"b64\"",
        "1",
        "-1",
        "0.5",
        "NaN",
        "true",
        "null",
        "\"aGk=\"",
        "18446744073709551615",
        "\\u0000",
        "\u{1}",
        "\"",
        "é",
    ];
    vec(prop::sample::select(tokens.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
}

/// Whatever is accepted is well-formed, and no larger than a few times the body.
fn check_what_is_accepted(body: &[u8]) {
    let Ok(scanned) = scan_examples(&Bytes::copy_from_slice(body)) else { return };
    let Ok(examples) = scanned.input.examples(&mut MemoryBudget::new(1 << 20)) else { return };
    assert!(!examples.is_empty());
    for example in examples {
        read_example_with_context(&example);
    }
}

/// An example with its context in front has two lists of features.
fn read_example_with_context(bytes: &Bytes) -> Vec<(String, Feature)> {
    let parts = spans(Span { bytes, offset: 0 }, 1).expect("a sound message");
    let entries = parts.into_iter().flat_map(|features| spans(features, 1).expect("sound features"));
    entries.map(|entry| read_entry(entry).expect("a sound entry")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn examples_come_back(examples in vec(any_example(), 1..4)) {
        let scanned = scan_examples(&body(None, &examples).into()).expect("a sound body");
        let written = scanned.input.examples(&mut MemoryBudget::default()).expect("small examples");
        let read: Vec<Example> = written.iter().map(|bytes| read_example(bytes).expect("a sound example")).collect();
        prop_assert_eq!(format!("{read:?}"), format!("{examples:?}"));
    }

    #[test]
    fn a_context_comes_before_each(context in any_example(), examples in vec(any_example(), 1..4)) {
        let scanned = scan_examples(&body(Some(&context), &examples).into()).expect("a sound body");
        let written = scanned.input.examples(&mut MemoryBudget::default()).expect("small examples");
        let want: Vec<Example> = examples.iter().map(|example| [&context[..], example].concat()).collect();
        let read: Vec<Example> = written.iter().map(read_example_with_context).collect();
        prop_assert_eq!(format!("{read:?}"), format!("{want:?}"));
    }

    #[test]
    fn equal_bodies_give_equal_bytes(example in any_example()) {
        let written = |body: String| scan_examples(&body.into()).expect("a sound body").input;
        let body = body(None, &[example]);
        prop_assert_eq!(written(body.clone()), written(body));
    }

    #[test]
    fn arbitrary_bodies_do_no_harm(tokens in any_tokens(), bytes in vec(any::<u8>(), 0..100)) {
        check_what_is_accepted(&bytes);
        check_what_is_accepted(tokens.as_bytes());
        check_what_is_accepted(format!("{{\"examples\":[{tokens}]}}").as_bytes());
        check_what_is_accepted(format!("{{\"examples\":[{{\"x\":[{tokens}]}}]}}").as_bytes());
    }

    #[test]
    fn damaged_bodies_do_no_harm(
        context in any_example(),
        examples in vec(any_example(), 1..3),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut body = body(Some(&context), &examples).into_bytes();
        for (index, byte) in damage {
            let at = index.index(body.len());
            body[at] = byte;
        }
        check_what_is_accepted(&body);
    }
}
