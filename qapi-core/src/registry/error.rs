//! The error that lists all conflicts of a registry.

use std::fmt;

use crate::schema::conflict::Conflict;

/// All conflicts of the program's definitions.
///
/// The error is displayed as a numbered list with the source places of each conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryError(Vec<Conflict>);

impl RegistryError {
    /// The error that lists `conflicts`; `Ok` if there are none.
    pub(super) fn unless_empty(conflicts: Vec<Conflict>) -> Result<(), Self> {
        if conflicts.is_empty() { Ok(()) } else { Err(Self(conflicts)) }
    }

    /// The error that lists the conflicts of all `checks`; `Ok` if there are none.
    pub(crate) fn together(
        checks: impl IntoIterator<Item = Result<(), Self>>,
    ) -> Result<(), Self> {
        let errors = checks.into_iter().filter_map(Result::err);
        Self::unless_empty(errors.flat_map(|error| error.0).collect())
    }

    /// The conflicts, of which there is at least one.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.0
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "the QAPI schema of this program has {} conflict{plural}:", self.0.len())?;
        for (number, conflict) in (1..).zip(&self.0) {
            write!(f, "\n\n{number}. {conflict}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RegistryError {}
