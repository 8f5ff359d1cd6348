//! Every file is a module of a crate. The compiler ignores a file outside the module tree.

use std::ffi::OsStr;
use std::path::Path;

use super::{Source, assert_none, sources};

#[test]
fn every_file_belongs_to_a_module() {
    let lost: Vec<String> = sources()
        .iter()
        .filter(|source| !is_root(&source.absolute()) && !is_declared(source))
        .map(|source| source.path.clone())
        .collect();
    assert_none(&lost);
}

/// Whether the file is the root of a crate. Cargo.toml names it, or Cargo finds it by its path.
fn is_root(path: &Path) -> bool {
    let folder = path.parent().unwrap();
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap();
    folder.ends_with("bin")
        || ["lib", "main", "build"].contains(&stem)
        || ["tests", "examples"].iter().any(|name| folder.ends_with(name))
            && folder.parent().is_some_and(|package| package.join("Cargo.toml").exists())
}

fn is_declared(source: &Source) -> bool {
    let path = source.absolute();
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap();
    let folder = path.parent().unwrap();
    let (name, folder) = match stem {
        "mod" => (folder.file_name().and_then(OsStr::to_str).unwrap(), folder.parent().unwrap()),
        _ => (stem, folder),
    };
    let parents = [
        folder.join("mod.rs"),
        folder.join("lib.rs"),
        folder.join("main.rs"),
        folder.with_extension("rs"),
    ];
    let declarations = [format!("mod {name};"), format!("#[path = \"{name}.rs\"]")];
    let mut texts = parents.iter().filter_map(|parent| std::fs::read_to_string(parent).ok());
    texts.any(|text| declarations.iter().any(|declaration| text.contains(declaration)))
}
