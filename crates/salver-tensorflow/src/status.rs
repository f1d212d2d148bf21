//! Errors of TensorFlow, made fit for a client.

use std::ffi::CStr;
use std::path::Path;

use salver_core::{Code, Status};

use crate::api::{Api, TfStatus};

/// Longest message that is handed on, in bytes; TensorFlow's may list a whole graph.
const MAX_MESSAGE_BYTES: usize = 1024;

/// Where TensorFlow begins to tell how the graph was built: of no use to a client.
const TRAILERS: [&str; 3] =
    ["\n\nOriginal stack trace", "\nErrors may have originated", "\n\nStack trace for op definition"];

/// An owned `TF_Status`, which functions of the C API fill in.
pub(crate) struct StatusHandle<'a> {
    api: &'a Api,
    status: *mut TfStatus,
}

impl<'a> StatusHandle<'a> {
    pub(crate) fn new(api: &'a Api) -> Self {
        // SAFETY: takes nothing; the result is deleted on drop.
        Self { api, status: unsafe { (api.TF_NewStatus)() } }
    }

    pub(crate) fn as_ptr(&self) -> *mut TfStatus {
        self.status
    }

    /// What the last function said: its own code, its message with bounded length and on one line.
    pub(crate) fn into_result(self) -> Result<(), Status> {
        // SAFETY: the status is alive.
        let code = Code::from_number(unsafe { (self.api.TF_GetCode)(self.status) });
        if code == Code::Ok {
            return Ok(());
        }
        // SAFETY: the text belongs to the status, which is alive until the end of this function.
        let message = unsafe { CStr::from_ptr((self.api.TF_Message)(self.status)) };
        Err(Status::new(code, one_line(&message.to_string_lossy())))
    }
}

impl Drop for StatusHandle<'_> {
    fn drop(&mut self) {
        // SAFETY: made in `new` and deleted once.
        unsafe { (self.api.TF_DeleteStatus)(self.status) };
    }
}

/// `message` on one line, without the construction trace of the graph, at most `MAX_MESSAGE_BYTES` long.
fn one_line(message: &str) -> String {
    let end = TRAILERS.iter().filter_map(|trailer| message.find(trailer)).min().unwrap_or(message.len());
    let mut line = message[..end].split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() > MAX_MESSAGE_BYTES {
        let cut = (0..=MAX_MESSAGE_BYTES).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
        line.truncate(cut);
        line.push_str("...");
    }
    line
}

/// `message` without paths of this machine: names below one of `folders` keep their relative part, all others are
/// hidden.
pub(crate) fn without_paths(message: &str, folders: &[&Path]) -> String {
    let mut text = message.to_owned();
    for folder in folders {
        let folder = folder.to_string_lossy();
        let folder = folder.trim_end_matches('/');
        if !folder.is_empty() {
            text = text.replace(&format!("{folder}/"), "").replace(folder, "the model's folder");
        }
    }
    hide_absolute_paths(&text)
}

/// Replaces every word that begins like an absolute path with more than one part.
fn hide_absolute_paths(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('/') {
        let (before, path) = rest.split_at(start);
        result.push_str(before);
        let end = path.find(|c: char| c.is_whitespace() || "'\"`,;)]}".contains(c)).unwrap_or(path.len());
        let starts_word = result.chars().next_back().is_none_or(|c| c.is_whitespace() || "'\"`=:,;([{".contains(c));
        let is_path = starts_word && !path.starts_with("//") && path[1..end].contains('/');
        result.push_str(if is_path { "[path]" } else { &path[..end] });
        rest = &path[end..];
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_the_model_folder_keep_their_relative_part() {
        let message = "Unsuccessful open of /srv/models/a/1/variables/variables.index: no such file";
        let cleaned = without_paths(message, &[Path::new("/srv/models/a/1/")]);
        assert_eq!(cleaned, "Unsuccessful open of variables/variables.index: no such file");
    }

    #[test]
    fn the_model_folder_itself_is_not_named() {
        let cleaned = without_paths("nothing in: /srv/models/a/1.", &[Path::new("/srv/models/a/1")]);
        assert_eq!(cleaned, "nothing in: the model's folder.");
    }

    #[test]
    fn other_paths_are_hidden_and_node_names_are_kept() {
        let cleaned = hide_absolute_paths("open '/etc/secret/x' from {{node a/b/c}} at file:/opt/y/z, 1 / 2");
        assert_eq!(cleaned, "open '[path]' from {{node a/b/c}} at file:[path], 1 / 2");
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let line = one_line(&"é".repeat(2000));
        assert!(line.ends_with("é...") && line.len() <= MAX_MESSAGE_BYTES + 3);
    }

    #[test]
    fn the_construction_trace_is_left_out() {
        assert_eq!(
            one_line("bad shape\n\t [[{{node x}}]]\n\nOriginal stack trace for 'x':\n file"),
            "bad shape [[{{node x}}]]"
        );
    }
}
