//! Conflicts between definitions, and their messages.

use std::fmt;

use crate::schema::definition::{Definition, Source};

/// The rules that only the whole program can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Commands, events and types share one namespace; a name is defined once.
    NameDefinedOnce,
    /// Names that differ only in `-`, `_` and `.` are one name to QEMU's generated C.
    NamesDistinct,
    /// The names of built-in types are taken.
    NameNotBuiltin,
    /// The values, members, alternatives, branches and features of one definition have distinct
    /// names.
    ListDistinct,
    /// A value that a crate adds to an open enumeration differs from all others.
    AddedValueDistinct,
    /// A type is referred to, not a command or event.
    TypeReferred,
    /// A list is not one of lists.
    ListNotOfLists,
    /// A base is a struct.
    BaseIsStruct,
    /// A definition does not contain itself among its own members.
    NoCycle,
    /// A member does not have the name of a member of the base.
    MemberNotInBase,
    /// A branch's member does not have the name of a member that all branches share.
    BranchMemberNotShared,
    /// The discriminator of a union is one of the members that all branches share.
    DiscriminatorIsMember,
    /// The discriminator of a union is mandatory.
    DiscriminatorMandatory,
    /// The discriminator of a union is of an enumeration type.
    DiscriminatorIsEnum,
    /// The branches of a union are made for the enumeration of its discriminator.
    BranchesFitDiscriminator,
    /// A union has a branch.
    UnionHasBranch,
    /// A branch is named by a value of the discriminator's enumeration.
    BranchIsValue,
    /// A branch is a struct or union.
    BranchIsObject,
    /// An alternate has an alternative.
    AlternateHasMember,
    /// An alternative is of one definite JSON type.
    AlternativeHasJsonType,
    /// The JSON type of a value identifies its alternative.
    AlternativesDistinct,
    /// Arguments given by a type's name are a struct or union.
    ArgumentsAreObject,
    /// A command returns an object or a list of objects, so that members can be added later.
    ReturnsObject,
    /// The features `deprecated` and `unstable` mark commands, events, members and values.
    SpecialFeatureNotOnType,
    /// The number of features does not exceed the bits that QEMU's generated code has for them.
    FeatureLimit,
    /// The release that is presented has each type that it uses.
    TypeNotNewer,
    /// The release that is presented has the mandatory parts of each of its definitions.
    PartNotNewer,
    /// The server has every state that its commands require.
    StatePresent,
    /// The server has one state of each type.
    StateOnce,
    /// A package that the program requires registers something.
    PackageLinked,
    /// A command for which the server has a policy exists.
    CommandPresent,
}

/// A definition that takes part in a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConflictPlace {
    /// Its name.
    pub name: &'static str,
    /// Where it was annotated.
    pub source: Source,
}

/// One broken rule, with the definitions that break it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    rule: Rule,
    message: String,
    places: Vec<ConflictPlace>,
}

impl Conflict {
    /// The rule that is broken.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The conflict and how to resolve it, for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The definitions that take part; the first is the one to change.
    pub fn places(&self) -> &[ConflictPlace] {
        &self.places
    }

    pub(super) fn new(rule: Rule, message: String, places: &[&'static Definition]) -> Self {
        let place = |definition: &&'static Definition| ConflictPlace {
            name: definition.name,
            source: definition.source,
        };
        let mut places: Vec<_> = places.iter().map(place).collect();
        places.dedup();
        Self { rule, message, places }
    }

    pub(super) fn at(rule: Rule, message: String, places: &[ConflictPlace]) -> Self {
        Self { rule, message, places: places.to_vec() }
    }

    /// The server has no state of a type that each of `commands` requires.
    pub(crate) fn missing_state(commands: &[&'static Definition], type_name: &str) -> Self {
        let names: Vec<_> =
            commands.iter().map(|command| format!("`{}`", command.name)).collect();
        let (noun, verb) =
            if names.len() == 1 { ("command", "wants") } else { ("commands", "want") };
        let message = format!(
            "the {noun} {} {verb} a state of type `{type_name}`, which the server does not have; \
             add it to the server before it starts",
            names.join(", "),
        );
        Self::new(Rule::StatePresent, message, commands)
    }

    /// The server has several states of one type.
    pub(crate) fn repeated_state(type_name: &str) -> Self {
        let message = format!(
            "the server was given more than one state of type `{type_name}`, and commands find it \
             by its type; keep one, or wrap the others in types of their own",
        );
        Self::new(Rule::StateOnce, message, &[])
    }

    /// The policy names a command that does not exist.
    pub(crate) fn unknown_command(name: &str) -> Self {
        let message = format!(
            "the server has a policy for the command `{name}`, which does not exist; correct the \
             name or drop the policy",
        );
        Self::new(Rule::CommandPresent, message, &[])
    }

    /// A required package registers nothing. The name of its crate is unknown: only Cargo's default
    /// follows from the name of the package.
    pub(crate) fn empty_package(package: &str) -> Self {
        let message = format!(
            "no definition of package `{package}` is registered: nothing in the program names it, \
             so it was not linked; write `use CRATE as _;` in the binary, where CRATE is the name \
             of the package's crate in Rust source (`{}` unless the package sets another)",
            package.replace('-', "_"),
        );
        Self::new(Rule::PackageLinked, message, &[])
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for place in &self.places {
            write!(f, "\n   `{}` at {}", place.name, place.source)?;
        }
        Ok(())
    }
}
