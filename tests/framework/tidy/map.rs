//! `ARCHITECTURE.md` is one page, and names files that exist.

use std::ffi::OsStr;
use std::path::Path;

use super::{assert_none, is_foreign, root};

/// The maximum of lines in ARCHITECTURE.md.
const MAP_LINES: usize = 150;

/// The text of ARCHITECTURE.md.
pub(super) fn text() -> String {
    std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

#[test]
fn the_architecture_names_files_that_exist() {
    let text = text();
    // The backticks of fences would count as quotes.
    let quoted =
        text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2));
    let named: Vec<String> = quoted
        .filter(|name| name.ends_with(".rs") || name.ends_with('/'))
        .flat_map(alternatives)
        .collect();
    assert!(named.len() > 50, "too few files are named: {named:?}");
    let lost: Vec<String> = named.into_iter().filter(|name| !exists(root(), name)).collect();
    assert_none(&lost);
}

#[test]
fn the_architecture_is_one_page() {
    let lines = text().lines().count();
    assert!(lines <= MAP_LINES, "{lines} lines, more than {MAP_LINES}");
}

/// Whether a file or folder of this name exists anywhere below `folder`.
fn exists(folder: &Path, wanted: &str) -> bool {
    folder.join(wanted).exists()
        || std::fs::read_dir(folder).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or(".");
            path.is_dir() && !is_foreign(&path, name) && exists(&path, wanted)
        })
}

/// `server/{unix,tcp}.rs` names two files.
fn alternatives(name: &str) -> Vec<String> {
    match name.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
        None => vec![name.to_owned()],
        Some((before, (choices, after))) => {
            choices.split(',').map(|choice| format!("{before}{choice}{after}")).collect()
        }
    }
}
