//! `--landlock`: a file or a folder to which the daemon is confined.

use qapi_core::{Result, qapi_struct};

use super::typed;

/// A file or a folder that the daemon may use, with all below it.
#[qapi_struct]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandlockOptions {
    /// The path.
    pub path: String,
    /// Whether files may be read only; `false` by default.
    pub read_only: Option<bool>,
}

impl LandlockOptions {
    /// Parses the argument of `--landlock`: `[path=]PATH,…` or JSON.
    ///
    /// # Errors
    /// A member is missing, unexpected or of the wrong type.
    pub fn parse(text: &str) -> Result<Self> {
        typed(text, "path")
    }
}
