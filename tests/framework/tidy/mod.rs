//! What the sources keep to, whoever writes them: sizes, no leftovers, no file that no module
//! names, and a map in `ARCHITECTURE.md` that leads to files which are there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Lines in a file of Rust; beyond that it does more than one thing.
const FILE_LINES: usize = 400;
/// Characters in a line of Rust, as in rustfmt.toml.
const LINE_CHARACTERS: usize = 100;
/// What is written for the moment and must not stay. Put together here, so that this file does
/// not have them itself.
const LEFTOVERS: [&str; 6] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("#[", "ignore"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every file of Rust that is written by hand and read as code: without the programs that show
/// mistakes to the compiler, and without expansions.
fn sources() -> Vec<PathBuf> {
    let mut sources = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().and_then(OsStr::to_str).unwrap();
            let passed_over = is_passed_over(&path, name) || ["ui", "expand"].contains(&name);
            if path.is_dir() && (!passed_over || path.parent().unwrap().ends_with("src")) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(path);
            }
        }
    }
    assert!(sources.len() > 300, "the sources are found: {}", sources.len());
    sources.sort();
    sources
}

/// The faults that `find` tells of each source, with the place of each.
fn faults(find: impl Fn(&str, &mut Vec<(usize, String)>)) -> Vec<String> {
    let mut all = Vec::new();
    for path in sources() {
        let mut found = Vec::new();
        find(&std::fs::read_to_string(&path).unwrap(), &mut found);
        let place = path.strip_prefix(root()).unwrap().display().to_string();
        all.extend(found.into_iter().map(|(line, what)| format!("{place}:{line}: {what}")));
    }
    all
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn files_are_short() {
    assert_none(&faults(|text, found| {
        let lines = text.lines().count();
        if lines > FILE_LINES {
            found.push((lines, format!("more than {FILE_LINES} lines")));
        }
    }));
}

#[test]
fn lines_are_short() {
    assert_none(&faults(|text, found| {
        for (line, text) in text.lines().enumerate() {
            // Neither a row of a table nor a raw string can be broken.
            let whole = ["//! |", "/// |", "r#\""]
                .iter()
                .any(|start| text.trim_start().starts_with(start));
            if text.chars().count() > LINE_CHARACTERS && !whole {
                found.push((line + 1, format!("more than {LINE_CHARACTERS} characters")));
            }
        }
    }));
}

#[test]
fn nothing_is_left_for_later() {
    assert_none(&faults(|text, found| {
        for (line, text) in text.lines().enumerate() {
            let left = LEFTOVERS.iter().filter(|leftover| text.contains(**leftover));
            found.extend(left.map(|leftover| (line + 1, (*leftover).to_owned())));
        }
    }));
}

/// A file that no module names is not compiled, and nobody notices when it rots.
#[test]
fn every_file_belongs_to_a_module() {
    let mut lost = Vec::new();
    for path in sources() {
        let stem = path.file_stem().and_then(OsStr::to_str).unwrap();
        let folder = path.parent().unwrap();
        // The roots of crates are named by Cargo.toml, or found by Cargo in these folders.
        let is_root = folder.ends_with("bin")
            || ["lib", "main", "build"].contains(&stem)
            || folder.ends_with("tests")
                && folder.parent().is_some_and(|package| package.join("Cargo.toml").exists());
        let (name, folder) = match stem {
            "mod" => {
                (folder.file_name().and_then(OsStr::to_str).unwrap(), folder.parent().unwrap())
            }
            _ => (stem, folder),
        };
        let parents = [
            folder.join("mod.rs"),
            folder.join("lib.rs"),
            folder.join("main.rs"),
            folder.with_extension("rs"),
        ];
        let declared = parents.iter().filter_map(|parent| std::fs::read_to_string(parent).ok());
        let declarations = [format!("mod {name};"), format!("#[path = \"{name}.rs\"]")];
        let is_declared =
            |text: String| declarations.iter().any(|declaration| text.contains(declaration));
        if !is_root && !declared.into_iter().any(is_declared) {
            lost.push(path.display().to_string());
        }
    }
    assert_none(&lost);
}

/// Whether a file or folder is nobody's work: hidden, or where cargo builds. Other such folders
/// than the usual one bear cargo's mark; that one may not, if something else was in it first.
fn is_passed_over(path: &Path, name: &str) -> bool {
    name.starts_with('.') || name == "target" || path.join("CACHEDIR.TAG").exists()
}

/// Whether a file or folder of this name is below `folder`, wherever.
fn is_below(folder: &Path, wanted: &str) -> bool {
    folder.join(wanted).exists()
        || std::fs::read_dir(folder).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or(".");
            path.is_dir() && !is_passed_over(&path, name) && is_below(&path, wanted)
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

#[test]
fn the_architecture_names_files_that_are_there() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let named: Vec<String> = quoted
        .filter(|name| name.ends_with(".rs") || name.ends_with('/'))
        .flat_map(alternatives)
        .collect();
    assert!(named.len() > 50, "files are named: {named:?}");
    let lost: Vec<String> = named.into_iter().filter(|name| !is_below(root(), name)).collect();
    assert_none(&lost);
}
