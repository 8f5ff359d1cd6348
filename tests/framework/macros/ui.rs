//! The error messages of the attributes. Each file in `tests/ui` has one mistake.
//!
//! `TRYBUILD=overwrite cargo test -p qapi-tests ui` updates the expected messages.

use std::collections::BTreeMap;
use std::fs;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::Command;

/// The environment variable that marks the child process, in which `trybuild` prints.
const COMPILED: &str = "QAPI_TEST_UI";

/// `trybuild` reports each case, and writes around the test harness, which captures the output of a
/// test that passes. A child process writes to a pipe. Without a terminal there are no colours.
#[test]
fn each_mistake_has_the_expected_message() {
    if std::env::var_os(COMPILED).is_some() {
        return trybuild::TestCases::new().compile_fail("ui/*/*.rs");
    }
    let name = "macros::ui::each_mistake_has_the_expected_message";
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture"]).env(COMPILED, "1");
    // `cargo test ui -- trybuild=NAME` selects cases.
    child.args(std::env::args().filter(|argument| argument.starts_with("trybuild=")));
    if !std::io::stderr().is_terminal() {
        child.env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never");
    }
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    print!("{text}");
    assert!(output.status.success(), "the messages differ; their differences are above");
}

/// The folder of the test package.
fn here() -> PathBuf {
    surroundings::package_folder(env!("CARGO_MANIFEST_DIR"))
}

/// The entries of a list, split at the first space. The introduction and headings are skipped.
fn listed(file: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(here().join("ui").join(file)).unwrap();
    let (_, list) = text.split_once("\n\n").unwrap();
    let is_entry = |line: &&str| line.starts_with(|first: char| first.is_ascii_lowercase());
    let entry = |line: &str| {
        let (name, rest) = line.split_once(' ').unwrap();
        (name.to_owned(), rest.trim().to_owned())
    };
    list.lines().filter(is_entry).map(entry).collect()
}

/// The names of the cases that have a file in one of `folders`.
fn files(folders: impl IntoIterator<Item = PathBuf>) -> Vec<String> {
    let mut names = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let stem = path.file_stem().unwrap().to_str().unwrap();
                names.push(stem.replace('_', "-"));
            }
        }
    }
    names
}

#[test]
fn each_case_of_qemu_is_listed_once() {
    let cases = listed("CASES.txt");
    let impossible = listed("IMPOSSIBLE.txt");
    let kinds = fs::read_dir(here().join("ui")).unwrap();
    let kinds = kinds.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let (refused, at_start) = (files(kinds), files([here().join("start_up")]));
    let accepted = files([here().join("accept")]);

    for (name, verdict) in &cases {
        let count = |names: &[String]| names.iter().filter(|found| *found == name).count();
        let rejects = count(&refused) + count(&at_start);
        let places = rejects + count(&accepted) + usize::from(impossible.contains_key(name));
        assert_eq!(places, 1, "{name}: exactly one folder or list has the case");
        match verdict.as_str() {
            "reject" => assert_eq!(
                count(&accepted),
                0,
                "{name}: QEMU rejects the case, but `accept` has it"
            ),
            "accept" => {
                assert_eq!(rejects, 0, "{name}: QEMU accepts the case, but it is refused")
            }
            other => panic!("{name}: {other} is neither reject nor accept"),
        }
    }
    let strangers: Vec<_> = impossible.keys().filter(|name| !cases.contains_key(*name)).collect();
    assert_eq!(strangers, [""; 0]);
    assert!(impossible.values().all(|reason| !reason.is_empty()));
}
