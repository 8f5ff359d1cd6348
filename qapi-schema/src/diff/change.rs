//! What a comparison reports.

use std::fmt;
use std::sync::Arc;

use super::interface::Place;
use super::rules::{Level, Rule};

/// A difference between two schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The rule.
    pub rule: &'static Rule,
    /// The level: that of the rule, or a lower one for the reason in `relief`.
    pub level: Level,
    /// Why the level is lower than that of the rule.
    pub relief: Option<Relief>,
    /// What is different.
    pub message: String,
    /// The type that differs, if the schemas tell names of types.
    pub type_name: Option<String>,
    /// The ways to the type that has the part; all parts of a type share them.
    pub(super) ways: Arc<[Way]>,
    /// The last step of each way.
    pub(super) step: String,
    /// Whether a limit cut off ways: [`MAX_WAYS`](crate::limits::MAX_WAYS),
    /// [`MAX_WAY`](crate::limits::MAX_WAY), [`MAX_VISITS`](crate::limits::MAX_VISITS).
    pub has_more_ways: bool,
    /// The part in the old schema, if that has files and the part.
    pub old_place: Option<Place>,
    /// The part in the new schema, if that has files and the part.
    pub new_place: Option<Place>,
    /// The first sentence of the part's documentation.
    pub description: Option<String>,
    /// The `Since` of the documentation of a command or event.
    pub since: Option<String>,
}

impl Change {
    /// The ways from commands and events to the part, at least one. A way visits no type twice.
    pub fn ways(&self) -> impl ExactSizeIterator<Item = Way> {
        self.ways
            .iter()
            .map(|way| Way { call: way.call.clone(), path: format!("{}{}", way.path, self.step) })
    }
}

/// Why a change is less severe than its rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relief {
    /// The removed part was deprecated: [`Level::Warning`] at most.
    Deprecated,
    /// The part was unstable, or is reached through unstable parts alone: [`Level::Info`].
    Unstable,
}

impl Relief {
    /// The most severe level of a change with this relief.
    pub const fn level(self) -> Level {
        match self {
            Self::Deprecated => Level::Warning,
            Self::Unstable => Level::Info,
        }
    }

    /// The reason in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deprecated => "deprecated",
            Self::Unstable => "unstable",
        }
    }
}

/// A way from a command or event to a part of it.
///
/// The text is the name of the command or event, and, for a part of it, a space and a path:
/// `arguments`, `returns` or `data`, followed by `.NAME` for a member, `[]` for the elements of an
/// array, `{TAG=VALUE}` for a branch of a union, `<TYPE>` for an alternative by its JSON type, and
/// `=VALUE` for a value of an enumeration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Way {
    /// The name of the command or event.
    pub call: String,
    /// The path; empty for the command or event itself.
    pub path: String,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.call)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, " {}", self.path) }
    }
}

/// A change of one part, before the ways to it are known.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) rule: &'static Rule,
    pub(super) relief: Option<Relief>,
    /// The last step of the ways.
    pub(super) step: String,
    pub(super) message: String,
    pub(super) type_name: Option<String>,
    pub(super) old_place: Option<Place>,
    pub(super) new_place: Option<Place>,
    pub(super) description: Option<String>,
    pub(super) since: Option<String>,
}

impl Found {
    /// The change with its ways, of which `is_stable` says whether one has no unstable part.
    pub(super) fn with_ways(
        self,
        ways: Arc<[Way]>,
        has_more_ways: bool,
        is_stable: bool,
    ) -> Change {
        let relief = if is_stable { self.relief } else { Some(Relief::Unstable) };
        let cap = relief.map_or(Level::Breaking, Relief::level);
        Change {
            rule: self.rule,
            level: self.rule.level.min(cap),
            relief: relief.filter(|relief| relief.level() < self.rule.level),
            message: self.message,
            type_name: self.type_name,
            ways,
            step: self.step,
            has_more_ways,
            old_place: self.old_place,
            new_place: self.new_place,
            description: self.description,
            since: self.since,
        }
    }
}
