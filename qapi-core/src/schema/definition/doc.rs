//! The sections of documentation.

use super::Definition;

/// A section of a definition's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// What it tells of.
    pub kind: SectionKind,
    /// What it says, Markdown; never empty where an annotation made it.
    pub doc: &'static str,
}

/// The sections of documentation that have a meaning: in a doc comment each is all that comes
/// between a heading of this name and the next heading. Other headings are a matter of the text
/// that they stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionKind {
    /// `# Returns`: what the returned value of a command means.
    Returns,
    /// `# Errors`: when a command fails.
    Errors,
    /// `# Examples`: how it is used.
    Examples,
}

impl Definition {
    /// What the section of a kind says, if there is one.
    pub fn section(&self, kind: SectionKind) -> Option<&'static str> {
        self.sections.iter().find(|section| section.kind == kind).map(|section| section.doc)
    }
}
