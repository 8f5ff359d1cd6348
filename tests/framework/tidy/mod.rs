//! Rules for the sources: sizes, layers and names. No file has marks of unfinished work or stands
//! outside a module. `ARCHITECTURE.md` names only files that exist.

mod imports;
mod layers;
mod map;
mod modules;
mod names;
mod sizes;
mod tokens;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A source file.
struct Source {
    /// Relative to the root of the repository.
    path: String,
    text: String,
}

/// A broken rule in one file.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    /// Counted from 1.
    line: usize,
    text: String,
}

/// The root of the repository.
fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let package = surroundings::package_folder(env!("CARGO_MANIFEST_DIR"));
        package.parent().unwrap().to_owned()
    });
    &ROOT
}

/// Every handwritten Rust file, except the programs with mistakes in `ui` and the expected
/// expansions.
fn sources() -> Vec<Source> {
    sources_in("rs")
}

/// Like [`sources`], for files with the extension `wanted`.
fn sources_in(wanted: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().and_then(OsStr::to_str).unwrap();
            let is_excluded = is_foreign(&path, name) || ["ui", "expand"].contains(&name);
            if path.is_dir() && (!is_excluded || path.parent().unwrap().ends_with("src")) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == wanted) {
                paths.push(path);
            }
        }
    }
    assert!(paths.len() > 10, "too few sources are found: {paths:?}");
    paths.sort();
    paths.iter().map(|path| Source::read(path)).collect()
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        Self { path: path.strip_prefix(root()).unwrap().display().to_string(), text }
    }

    fn absolute(&self) -> PathBuf {
        root().join(&self.path)
    }
}

/// Whether a file or folder is hidden, or is a build folder of Cargo. Cargo marks its build folders
/// with `CACHEDIR.TAG`, except a `target` that existed before the first build.
fn is_foreign(path: &Path, name: &str) -> bool {
    name.starts_with('.') || name == "target" || path.join("CACHEDIR.TAG").exists()
}

/// The faults that `check` finds in the sources. Each fault is a text with path and line number.
fn check_each(sources: &[Source], check: impl Fn(&Source) -> Vec<Fault>) -> Vec<String> {
    let found = |source: &Source| {
        let place = |fault: Fault| format!("{}:{}: {}", source.path, fault.line, fault.text);
        check(source).into_iter().map(place).collect::<Vec<_>>()
    };
    sources.iter().flat_map(found).collect()
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Marks of unfinished work. `concat!` composes them, so that this file does not contain them.
const LEFTOVERS: [&str; 6] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("#[", "ignore"),
];

#[test]
fn no_source_has_marks_of_unfinished_work() {
    assert_none(&check_each(&sources(), |source| {
        let mut faults = Vec::new();
        for (index, line) in source.text.lines().enumerate() {
            let left = LEFTOVERS.iter().filter(|leftover| line.contains(**leftover));
            faults.extend(left.map(|text| Fault { line: index + 1, text: (*text).to_owned() }));
        }
        faults
    }));
}
