//! Checks of names: all definitions share one namespace, and different names are different
//! identifiers in QEMU's generated C.

use std::hash::{Hash, Hasher};

use hashbrown::HashMap;

use crate::schema::check::add;
use crate::schema::conflict::{Conflict, Rule};
use crate::schema::definition::type_::Builtin;
use crate::schema::definition::{Definition, DefinitionKind, Feature};
use crate::schema::query::{kind_name, own_members};

/// Rules [`Rule::NameDefinedOnce`], [`Rule::NamesDistinct`], [`Rule::NameNotBuiltin`].
pub(super) fn check(definitions: &[&'static Definition]) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    let mut seen = HashMap::with_capacity(definitions.len());
    for &definition in definitions {
        if is_predefined(definition.name) {
            conflicts.push(predefined(definition));
        }
        let first = *seen.entry(Folded(definition.name)).or_insert(definition);
        if !std::ptr::eq(first, definition) {
            conflicts.push(if first.name == definition.name {
                defined_twice(first, definition)
            } else {
                indistinct(first, definition)
            });
        }
    }
    conflicts
}

fn defined_twice(first: &'static Definition, second: &'static Definition) -> Conflict {
    let message = format!(
        "`{}` is defined twice, as {} and as {}; commands, events and types share one namespace: \
         rename one",
        first.name,
        kind_name(first),
        kind_name(second),
    );
    Conflict::new(Rule::NameDefinedOnce, message, &[first, second])
}

fn indistinct(first: &'static Definition, second: &'static Definition) -> Conflict {
    let message = format!(
        "`{}` and `{}` differ only in `-`, `_` and `.`, which QEMU's generated C cannot tell \
         apart; rename one",
        first.name, second.name,
    );
    Conflict::new(Rule::NamesDistinct, message, &[first, second])
}

fn predefined(definition: &'static Definition) -> Conflict {
    let message = format!(
        "the {} `{}` has the name of a built-in type; rename it",
        kind_name(definition),
        definition.name,
    );
    Conflict::new(Rule::NameNotBuiltin, message, &[definition])
}

/// Whether the schema language itself defines the name: that of a built-in type, or `QType`.
fn is_predefined(name: &str) -> bool {
    const LONGEST: usize = "uint64".len();
    name.len() <= LONGEST
        && (name == "QType" || Builtin::ALL.iter().any(|builtin| builtin.as_str() == name))
}

/// A name that compares equal to every name with the same C identifier, for
/// [`Rule::NamesDistinct`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Folded(pub(super) &'static str);

/// The byte in the C identifier for each byte of a name.
const FOLDED: [u8; 256] = {
    let mut folded = [b'_'; 256];
    let mut byte = 0;
    while byte < folded.len() {
        if (byte as u8).is_ascii_alphanumeric() {
            folded[byte] = byte as u8;
        }
        byte += 1;
    }
    folded
};

fn fold(byte: u8) -> u8 {
    FOLDED[usize::from(byte)]
}

impl PartialEq for Folded {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.bytes().zip(other.0.bytes()).all(|(a, b)| fold(a) == fold(b))
    }
}

impl Eq for Folded {}

/// Hashes eight bytes at a time, because every start of a program hashes all names.
impl Hash for Folded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for bytes in self.0.as_bytes().chunks(8) {
            state
                .write_u64(bytes.iter().fold(0, |word, byte| word << 8 | u64::from(fold(*byte))));
        }
        state.write_usize(self.0.len());
    }
}

/// Rule [`Rule::ListDistinct`], for each list of names in the definition.
pub(super) fn check_lists(definition: &'static Definition) -> Vec<Conflict> {
    let members = own_members(definition);
    let (what, entries): (_, Vec<_>) = match &definition.kind {
        DefinitionKind::Enum(data) => ("value", data.values.iter().map(|v| v.name).collect()),
        DefinitionKind::Alternate(data) => {
            ("alternative", data.members.iter().map(|member| member.name).collect())
        }
        DefinitionKind::Union(data) => {
            ("branch", data.branches.get().iter().map(|branch| branch.name).collect())
        }
        DefinitionKind::Struct(_) | DefinitionKind::Command(_) | DefinitionKind::Event(_) => {
            ("member", Vec::new())
        }
    };
    let mut conflicts = repeated(definition, what, entries.into_iter());
    let names = members.iter().map(|member| member.name);
    add(&mut conflicts, repeated(definition, "member", names));
    let entry_features = match &definition.kind {
        DefinitionKind::Enum(data) => data.values.iter().map(|value| value.features).collect(),
        DefinitionKind::Struct(_)
        | DefinitionKind::Union(_)
        | DefinitionKind::Alternate(_)
        | DefinitionKind::Command(_)
        | DefinitionKind::Event(_) => Vec::new(),
    };
    let member_features = members.iter().map(|member| member.features);
    for features in entry_features.into_iter().chain(member_features).chain([definition.features])
    {
        let names = features.iter().map(|feature: &Feature| feature.name);
        add(&mut conflicts, repeated(definition, "feature", names));
    }
    conflicts
}

fn repeated(
    definition: &'static Definition,
    what: &str,
    names: impl ExactSizeIterator<Item = &'static str>,
) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    if names.len() < 2 {
        return conflicts;
    }
    let mut seen = HashMap::with_capacity(names.len());
    for name in names {
        if let Some(first) = seen.insert(Folded(name), name) {
            let message = format!(
                "the {} `{}` has the {what}s `{first}` and `{name}`, which are one name in C; \
                 rename one",
                kind_name(definition),
                definition.name,
            );
            conflicts.push(Conflict::new(Rule::ListDistinct, message, &[definition]));
        }
    }
    conflicts
}
