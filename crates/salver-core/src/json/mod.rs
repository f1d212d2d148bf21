//! JSON bodies straight into typed tensors or serialized examples, and tensors into JSON answers.
//!
//! A predict request is read in two passes over the same memory, and no document tree is ever built:
//!
//! 1. [`scan_predict`] checks the syntax of the whole root object (`root`, `syntax`) and remembers where `instances`, `inputs`
//!    and `signature_name` begin. Malformed JSON is thus an error before any model is looked up.
//! 2. [`PredictBody::parse`] walks the checked text with a `Cursor` and writes elements into flat buffers of the
//!    signature's dtypes (`element`, `lists`, `column`), in row form (`rows`) or column form (`columns`).
//!
//! A classify or regress request needs no signature to be read, so [`scan_examples`] does both: every object becomes a
//! serialized `tensorflow.Example` (`examples`, `feature`).
//!
//! Invariants:
//!
//! - After step 1 a `Cursor` meets well-formed text only, so step 2 decides about meaning and never about syntax.
//! - Nothing recurses: nesting depth costs a few bytes of heap per level, never stack.
//! - Buffers grow with what was read. Shapes come from the lists themselves, so a small body cannot ask for a large
//!   buffer.
//!
//! The way back (`response`, `inference_response`) writes the exact layout of the REST protocol: lists by `layout`, elements by `scalar`,
//! floats by `float_format` and `decimal_text`.

mod base64_text;
mod column;
mod columns;
mod cursor;
mod decimal_text;
mod digits;
mod element;
mod examples;
mod feature;
mod float_format;
mod inference_response;
mod layout;
mod lists;
mod number;
mod request;
mod response;
mod root;
mod rows;
mod scalar;
mod strings;
mod syntax;

pub use examples::{ScannedExamples, scan_examples};
pub use inference_response::{encode_classify_response, encode_regress_response};
pub use request::{Format, PredictBody, scan_predict};
pub use response::{encode_coded_error, encode_error, encode_predict_response};
