//! What can be told from a SavedModel's files before TensorFlow reads them.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use salver_core::{Code, Status};

use crate::proto::Fields;

/// File names of a SavedModel, the first of which can be looked into here.
const MODEL_FILES: [&str; 3] = ["saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"];

/// Operations that the single-threaded executor does not know: loops and branches of the old kind, and variables
/// that are passed by reference.
const OLD_OPERATIONS: [&str; 14] = [
    "Switch",
    "Merge",
    "Enter",
    "Exit",
    "NextIteration",
    "LoopCond",
    "RefSwitch",
    "RefMerge",
    "RefEnter",
    "RefExit",
    "RefNextIteration",
    "Variable",
    "VariableV2",
    "TemporaryVariable",
];

/// The head of one meta graph.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MetaGraphHead {
    pub(crate) tags: BTreeSet<String>,
    /// Whether the list of used operations names one of the old kind.
    pub(crate) has_old_operations: bool,
}

/// Finds the meta graph with exactly the wanted tags.
///
/// `None` where the model is not in the binary form, whose contents TensorFlow alone can judge.
///
/// # Errors
/// NOT_FOUND without a model file or a meta graph with these tags, DATA_LOSS for a damaged file.
pub(crate) fn find_meta_graph(folder: &Path, wanted: &BTreeSet<String>) -> Result<Option<MetaGraphHead>, Status> {
    let Some(name) = MODEL_FILES.into_iter().find(|name| folder.join(name).is_file()) else {
        return Err(Status::not_found("no SavedModel: expected a file saved_model.pb or saved_model.pbtxt"));
    };
    if name != MODEL_FILES[0] {
        return Ok(None);
    }
    let damaged = |_| Status::new(Code::DataLoss, format!("{name} is damaged or not complete"));
    let heads = File::open(folder.join(name)).and_then(read_file).map_err(damaged)?;
    let available = heads.iter().map(|head| show_tags(&head.tags)).collect::<Vec<_>>().join(", ");
    match heads.into_iter().find(|head| head.tags == *wanted) {
        Some(head) => Ok(Some(head)),
        None => Err(Status::not_found(format!(
            "no meta graph with exactly the tags {}; the SavedModel has: {}",
            show_tags(wanted),
            if available.is_empty() { "none" } else { &available },
        ))),
    }
}

/// A C string of `path`.
///
/// # Errors
/// INVALID_ARGUMENT for a path with a zero byte.
pub(crate) fn c_path(path: &Path) -> Result<CString, Status> {
    CString::new(path.as_os_str().as_encoded_bytes())
        .map_err(|_| Status::invalid_argument("a path of the model holds a zero byte"))
}

fn show_tags(tags: &BTreeSet<String>) -> String {
    format!("{{{}}}", tags.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}

fn read_file(file: File) -> std::io::Result<Vec<MetaGraphHead>> {
    let size = file.metadata()?.len();
    read_heads(file, size)
}

/// Heads of all meta graphs (field 2 of `SavedModel`); the graphs are passed over without being read.
fn read_heads<R: Read + Seek>(file: R, size: u64) -> std::io::Result<Vec<MetaGraphHead>> {
    let mut reader = Walker { file: BufReader::new(file), at: 0 };
    let mut heads = Vec::new();
    while let Some((field, length)) = reader.next_field(size)? {
        if field == 2 {
            heads.push(read_head(&mut reader, length)?);
        } else {
            reader.skip(length)?;
        }
    }
    Ok(heads)
}

/// Head of the meta graph of the next `length` bytes: its `meta_info_def` is field 1.
fn read_head<R: Read + Seek>(reader: &mut Walker<R>, length: u64) -> std::io::Result<MetaGraphHead> {
    let end = reader.at + length;
    let mut head = MetaGraphHead::default();
    while let Some((field, length)) = reader.next_field(end)? {
        if field == 1 {
            head = parse_head(&reader.take(length)?).map_err(|status| invalid(&status.message))?;
        } else {
            reader.skip(length)?;
        }
    }
    Ok(head)
}

/// `MetaInfoDef`: `stripped_op_list` is field 2, `tags` field 4; `OpList.op` and `OpDef.name` are field 1.
fn parse_head(meta_info: &[u8]) -> Result<MetaGraphHead, Status> {
    let mut head = MetaGraphHead::default();
    for field in Fields::new(meta_info) {
        match field? {
            (2, operations) => {
                for operation in Fields::new(operations.bytes()) {
                    let name =
                        Fields::new(operation?.1.bytes()).find_map(|field| field.ok().filter(|(at, _)| *at == 1));
                    head.has_old_operations |= name.is_some_and(|(_, name)| OLD_OPERATIONS.contains(&&*name.text()));
                }
            }
            (4, tag) => {
                head.tags.insert(tag.text());
            }
            _ => {}
        }
    }
    Ok(head)
}

/// Walks over the fields of messages in a file.
struct Walker<R> {
    file: BufReader<R>,
    at: u64,
}

impl<R: Read + Seek> Walker<R> {
    /// Number and length of the next field that ends before `end`; `None` at `end`. Numbers are passed over.
    fn next_field(&mut self, end: u64) -> std::io::Result<Option<(u64, u64)>> {
        while self.at < end {
            let tag = self.varint()?;
            let length = match tag & 7 {
                0 => self.varint().map(|_| 0)?,
                1 => 8,
                2 => self.varint()?,
                5 => 4,
                _ => return Err(invalid("unknown wire type")),
            };
            if length > end.saturating_sub(self.at) {
                return Err(invalid("field longer than its message"));
            }
            if tag & 7 == 2 {
                return Ok(Some((tag >> 3, length)));
            }
            self.skip(length)?;
        }
        Ok(None)
    }

    fn varint(&mut self) -> std::io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.file.fill_buf()?.first().ok_or(std::io::ErrorKind::UnexpectedEof)?;
            self.file.consume(1);
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(invalid("number too long"))
    }

    fn skip(&mut self, length: u64) -> std::io::Result<()> {
        self.at += length;
        self.file.seek_relative(i64::try_from(length).map_err(|_| invalid("field too long"))?)
    }

    fn take(&mut self, length: u64) -> std::io::Result<Vec<u8>> {
        self.at += length;
        let mut bytes = Vec::new();
        self.file.by_ref().take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    }
}

fn invalid(reason: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::proto::{put_bytes, put_int};

    /// A model with one meta graph for each tag set; the first uses these operations.
    fn model(tag_sets: &[&[&str]], operations: &[&str]) -> Vec<u8> {
        let mut model = Vec::new();
        put_int(&mut model, 1, 1);
        for (at, tags) in tag_sets.iter().enumerate() {
            let mut list = Vec::new();
            for name in operations.iter().filter(|_| at == 0) {
                let mut operation = Vec::new();
                put_bytes(&mut operation, 1, name.as_bytes());
                put_bytes(&mut list, 1, &operation);
            }
            let mut info = Vec::new();
            put_bytes(&mut info, 2, &list);
            tags.iter().for_each(|tag| put_bytes(&mut info, 4, tag.as_bytes()));
            let mut graph = Vec::new();
            put_bytes(&mut graph, 1, &info);
            put_bytes(&mut graph, 2, &[0xff; 20_000]);
            put_bytes(&mut model, 2, &graph);
        }
        model
    }

    fn heads(bytes: &[u8]) -> std::io::Result<Vec<MetaGraphHead>> {
        read_heads(Cursor::new(bytes), bytes.len() as u64)
    }

    #[test]
    fn tags_are_read_past_the_graphs() {
        let heads = heads(&model(&[&["serve"], &["serve", "gpu"]], &[])).unwrap();
        assert_eq!(heads.iter().map(|head| show_tags(&head.tags)).collect::<Vec<_>>(), ["{serve}", "{gpu, serve}"]);
    }

    #[test]
    fn operations_of_the_old_kind_are_noticed() {
        assert!(heads(&model(&[&["serve"]], &["MatMul", "Switch"])).unwrap()[0].has_old_operations);
        assert!(!heads(&model(&[&["serve"]], &["MatMul", "While"])).unwrap()[0].has_old_operations);
    }

    #[test]
    fn a_file_that_ends_early_is_an_error_wherever_it_ends() {
        let whole = model(&[&["serve"]], &["MatMul"]);
        for end in 3..whole.len() {
            assert!(heads(&whole[..end]).is_err(), "cut at {end} of {}", whole.len());
        }
    }

    #[test]
    fn a_damaged_byte_never_panics() {
        let whole = model(&[&["serve"], &["gpu"]], &["MatMul"]);
        for at in 0..60 {
            for value in [0, 0x7f, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = heads(&damaged);
            }
        }
    }
}
