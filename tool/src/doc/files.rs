//! The files of a manual.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::status::{Failure, Result};

/// The most characters of a name that becomes a part of the name of a file.
const MAX_NAME: usize = 150;

/// A folder to which a manual is written.
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    /// Creates the folder if it is missing.
    ///
    /// # Errors
    /// [`Failure::Refused`]: the system cannot create it.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes a file, instead of one of the same name.
    ///
    /// # Errors
    /// [`Failure::Refused`]: the system cannot write it.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result {
        let path = self.folder.join(name);
        fs::write(&path, content).map_err(|error| refused(&path, &error))
    }
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Refused(format!("cannot write to {}: {error}", path.display()))
}

/// Names for files and anchors, made of names that a schema or a server chose.
pub(super) struct SafeNames {
    used: HashSet<String>,
    /// Whether names that differ in case alone are the same, as in some file systems.
    ignores_case: bool,
}

impl SafeNames {
    /// Names of files, without those in `reserved`.
    pub(super) fn of_files(reserved: &[&str]) -> Self {
        let used = reserved.iter().map(|&name| name.to_owned()).collect();
        Self { used, ignores_case: true }
    }

    /// Names of anchors.
    pub(super) fn of_anchors() -> Self {
        Self { used: HashSet::new(), ignores_case: false }
    }

    /// A name that was not returned before, close to `name`: of ASCII letters, digits, `-`, `_`
    /// and `.`, of which the first is no dot.
    pub(super) fn add(&mut self, name: &str) -> String {
        let is_safe =
            |found: char| found.is_ascii_alphanumeric() || matches!(found, '-' | '_' | '.');
        let safe = name.chars().take(MAX_NAME);
        let safe: String = safe.map(|found| if is_safe(found) { found } else { '-' }).collect();
        let safe = match safe.chars().next() {
            Some(first) if first != '.' => safe,
            _ => format!("-{safe}"),
        };
        let mut number = 1;
        let mut chosen = safe.clone();
        loop {
            let key = self.key(&chosen);
            if self.used.insert(key) {
                return chosen;
            }
            number += 1;
            chosen = format!("{safe}-{number}");
        }
    }

    fn key(&self, name: &str) -> String {
        if self.ignores_case { name.to_ascii_lowercase() } else { name.to_owned() }
    }
}
