//! Conflicts between definitions, and their messages.

use std::fmt;

use crate::schema::definition::{Definition, Source};

/// The rules that can be checked only when all definitions of a program are known.
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
    /// Members and arguments refer to types, not to commands or events.
    TypeReferred,
    /// The elements of a list are not lists.
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
    /// The Rust type of a union's branches and its discriminator have the same enumeration.
    BranchesFitDiscriminator,
    /// A union has at least one branch.
    UnionHasBranch,
    /// A branch is named by a value of the discriminator's enumeration.
    BranchIsValue,
    /// A branch is a struct or union.
    BranchIsObject,
    /// An alternate has at least one alternative.
    AlternateHasMember,
    /// An alternative has a single JSON type.
    AlternativeHasJsonType,
    /// The alternatives of an alternate have distinct JSON types.
    AlternativesDistinct,
    /// A type that stands for the arguments as a whole is a struct or union.
    ArgumentsAreObject,
    /// A command returns an object or a list of objects, so that members can be added later.
    ReturnsObject,
    /// The features `deprecated` and `unstable` do not mark types. They mark commands, events,
    /// members and values.
    SpecialFeatureNotOnType,
    /// The number of features does not exceed the bits that QEMU's generated code has for them.
    FeatureLimit,
    /// A definition of the earlier release that the server presents uses only types of that
    /// release.
    TypeNotNewer,
    /// A mandatory part of a definition is in the earlier release that the server presents, if the
    /// definition is.
    PartNotNewer,
    /// The server has every state that its commands require.
    StatePresent,
    /// The server has one state of each type.
    StateOnce,
    /// A package that the program requires registers something.
    PackageLinked,
    /// Every command that the server's policy names exists.
    CommandPresent,
    /// The server's policy does not contradict itself.
    PolicyConsistent,
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

    /// All of `commands` require a state of this type, and the server does not have one.
    pub(crate) fn missing_state(commands: &[&'static Definition], type_name: &str) -> Self {
        let names: Vec<_> =
            commands.iter().map(|command| format!("`{}`", command.name)).collect();
        let (noun, verb) =
            if names.len() == 1 { ("command", "requires") } else { ("commands", "require") };
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
            "the server has more than one state of type `{type_name}`, and commands find a state \
             by its type; remove all but one, or wrap the others in newtypes",
        );
        Self::new(Rule::StateOnce, message, &[])
    }

    /// The policy names a command that does not exist.
    pub(crate) fn unknown_command(name: &str) -> Self {
        let message = format!(
            "the server has a policy for the command `{name}`, which does not exist; correct the \
             name, or remove the policy",
        );
        Self::new(Rule::CommandPresent, message, &[])
    }

    /// The policy contradicts itself.
    pub(crate) fn contradictory_policy(message: String) -> Self {
        Self::new(Rule::PolicyConsistent, message, &[])
    }

    /// A required package registers nothing. The name of its crate is unknown: only Cargo's default
    /// follows from the name of the package.
    pub(crate) fn empty_package(package: &str) -> Self {
        let message = format!(
            "no definition of the library of package `{package}` is registered: nothing in the \
             program names it, so it was not linked; write `use CRATE as _;` in the binary, \
             where CRATE is the name of the package's crate in Rust source (`{}` unless the \
             package sets another)",
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
