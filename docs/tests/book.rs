//! Checks of the book as a whole: the table of contents, its links, and the list of pages whose
//! code is compiled.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn root() -> PathBuf {
    surroundings::package_folder(env!("CARGO_MANIFEST_DIR"))
}

/// The names of the pages, without the table of contents.
fn pages() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("src")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "SUMMARY.md").collect()
}

/// The targets of the links in `text` that name a file.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', '#']).next()?;
        (!target.is_empty() && !target.contains("://")).then_some(target)
    })
}

#[test]
fn the_table_of_contents_lists_every_page_once() {
    let summary = fs::read_to_string(root().join("src/SUMMARY.md")).unwrap();
    let mut listed: Vec<_> = links(&summary).map(str::to_owned).collect();
    let count = listed.len();
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len(), count, "a page is listed twice");
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), pages());
}

#[test]
fn the_code_of_every_page_is_compiled() {
    let lib = fs::read_to_string(root().join("lib.rs")).unwrap();
    let missing: Vec<_> =
        pages().into_iter().filter(|page| !lib.contains(&format!("\"{page}\""))).collect();
    assert!(missing.is_empty(), "lib.rs does not name {missing:?}");
}

#[test]
fn links_lead_to_files() {
    for page in pages() {
        let text = fs::read_to_string(root().join("src").join(&page)).unwrap();
        for link in links(&text) {
            let target = root().join("src").join(link);
            assert!(target.exists(), "{page} links to {link}, which does not exist");
        }
    }
}
