//! Files that are no JSON, each named by what is wrong.

use std::fs;
use std::path::Path;

use crate::support::assert_fails;
use bytes::Bytes;
use salver_core::Code;
use salver_core::json::{scan_examples, scan_predict};

const MIN_NUM_FILES: usize = 30;

#[test]
fn every_malformed_file_is_refused_with_its_offset() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/malformed_json");
    let mut num_files = 0;
    for entry in fs::read_dir(folder).expect("the folder of malformed files") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let body = Bytes::from(fs::read(&path).expect("a readable file"));
        let parts = ["JSON parse error: ", " at byte "];
        assert_fails(&name, scan_predict(&body), Code::InvalidArgument, &parts);
        assert_fails(&name, scan_examples(&body), Code::InvalidArgument, &parts);
        num_files += 1;
    }
    assert!(num_files >= MIN_NUM_FILES, "{num_files} files");
}
