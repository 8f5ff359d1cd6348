//! Paths of files.

use std::path::{Component, Path};

/// The path without `.`, and without `..` after a folder: git and GitHub know no others. The path
/// of a file that another one includes may have them.
pub(crate) fn without_dots(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir
                if parts.last().is_some_and(|last| last != ".." && !last.is_empty()) =>
            {
                parts.pop();
            }
            Component::RootDir => parts.push(String::new()),
            Component::CurDir | Component::Prefix(_) => {}
            Component::ParentDir => parts.push("..".to_owned()),
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::without_dots;

    #[test]
    fn dots_are_resolved() {
        for (path, plain) in [
            ("a.json", "a.json"),
            ("./a/../b/./c.json", "b/c.json"),
            ("a/b/../../c.json", "c.json"),
            ("../a/../../c.json", "../../c.json"),
            ("/a/../c.json", "/c.json"),
        ] {
            assert_eq!(without_dots(Path::new(path)), plain);
        }
    }
}
