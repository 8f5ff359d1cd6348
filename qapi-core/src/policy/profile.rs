//! Named sets of commands, for the rules of a policy.

use crate::pattern::NamePattern;
use crate::schema::definition::Part;

/// A named set of commands, for [`Policy::profile`](super::Policy::profile): those that match one
/// of its patterns, or have one of its features.
///
/// A crate that registers commands can offer profiles of them, so that operators need not know
/// their names.
///
/// ```
/// use qapi_core::policy::{Access, CommandProfile, Policy};
///
/// let monitoring = CommandProfile::new("monitoring")
///     .commands("query-*")
///     .feature("__org.example_read-only");
/// let policy = Policy::new()
///     .commands("*", Access::owner_and_root())
///     .profile(monitoring, Access::anyone());
/// # let _ = policy;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct CommandProfile {
    name: String,
    patterns: Vec<NamePattern>,
    features: Vec<String>,
}

impl CommandProfile {
    /// An empty profile. Errors about a policy show its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), patterns: Vec::new(), features: Vec::new() }
    }

    /// Adds the commands whose names match `pattern`.
    pub fn commands(mut self, pattern: impl Into<NamePattern>) -> Self {
        self.patterns.push(pattern.into());
        self
    }

    /// Adds the commands that have the feature `name` in the schema.
    pub fn feature(mut self, name: impl Into<String>) -> Self {
        self.features.push(name.into());
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the profile has `command`.
    pub fn contains(&self, command: &Part) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(command.name))
            || command
                .features
                .iter()
                .any(|feature| self.features.iter().any(|name| name == feature.part.name))
    }
}
