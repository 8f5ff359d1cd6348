//! What the attributes refuse, and in which words: one mistake a file in `tests/ui`.
//!
//! `TRYBUILD=overwrite cargo test -p qapi-tests ui` writes the expected words anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn mistakes_are_refused_with_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("ui/*/*.rs");
}

/// The folder of the tests' package.
fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first words of the lines of a list, below the text that introduces it.
fn listed(file: &str) -> Vec<String> {
    let text = fs::read_to_string(here().join("ui").join(file)).unwrap();
    let (_, list) = text.split_once("\n\n").unwrap();
    let first_word = |line: &str| {
        let word = line.split_whitespace().next()?;
        Some(word.trim_end_matches(".json").to_owned())
    };
    let is_name = |word: &String| word.starts_with(|first: char| first.is_ascii_lowercase());
    list.lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(first_word)
        .filter(is_name)
        .collect()
}

#[test]
fn reasons_are_given_for_cases_of_qemus_alone() {
    let cases: BTreeSet<_> = listed("CASES.txt").into_iter().collect();
    let strangers: Vec<_> =
        listed("IMPOSSIBLE.txt").into_iter().filter(|name| !cases.contains(name)).collect();
    assert_eq!(strangers, [""; 0]);
}
