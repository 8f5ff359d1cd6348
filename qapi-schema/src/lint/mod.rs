//! Lints: findings beyond the rules of the language, each under a name. None is on by default.
//!
//! | file | lints |
//! |---|---|
//! | `documentation` | undocumented parts, `Since`, replacements of deprecated parts |
//! | `layout` | long lines |
//! | `naming` | names that generated code confuses, types without a use |

mod documentation;
mod layout;
mod naming;

use crate::finding::{Finding, Level};
use crate::schema::Schema;
use crate::source::Span;

/// A lint.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Lint {
    /// The name.
    pub name: &'static str,
    /// What it reports.
    pub description: &'static str,
    check: fn(&Schema) -> Vec<Remark>,
}

/// What a lint found, before it has a level.
struct Remark {
    place: Span,
    message: String,
    help: String,
}

/// All lints, by name.
pub const LINTS: &[Lint] = &[
    Lint {
        name: "deprecated-without-replacement",
        description: "a deprecated part whose documentation names no replacement",
        check: documentation::deprecated_without_replacement,
    },
    Lint {
        name: "long-line",
        description: "a line of more than 70 columns",
        check: layout::long_line,
    },
    Lint {
        name: "missing-since",
        description: "a documented definition without `Since`",
        check: documentation::missing_since,
    },
    Lint {
        name: "similar-names",
        description: "names of definitions that differ only in `-`, `_` and `.`",
        check: naming::similar_names,
    },
    Lint {
        name: "undocumented-definition",
        description: "a definition without documentation",
        check: documentation::undocumented_definition,
    },
    Lint {
        name: "undocumented-member",
        description: "a member, value, alternative or argument without documentation, also where a \
                      pragma allows it",
        check: documentation::undocumented_member,
    },
    Lint {
        name: "unused-type",
        description: "a type that no command or event uses",
        check: naming::unused_type,
    },
];

impl Lint {
    /// The lint of a name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        LINTS.iter().find(|lint| lint.name == name)
    }

    /// What the lint finds in a schema, in the order of the files.
    pub fn check(&self, schema: &Schema, level: Level) -> Vec<Finding> {
        let mut remarks = (self.check)(schema);
        remarks.sort_by_key(|remark| remark.place);
        let finding = |remark: Remark| {
            let mut finding = Finding::error(remark.place, remark.message).help(remark.help);
            (finding.level, finding.lint) = (level, Some(self.name));
            finding
        };
        remarks.into_iter().map(finding).collect()
    }
}
