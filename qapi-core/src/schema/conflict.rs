//! What can be wrong with the schema as a whole, and the words for it.

use std::fmt;

use crate::schema::definition::{Definition, Source};

/// The rules that only the whole program can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// The JSON type of a value tells which alternative it is.
    AlternativesDistinct,
    /// Arguments given by a type's name are a struct or union.
    ArgumentsAreObject,
    /// What a command returns is an object or a list of objects, so that it can be extended.
    ReturnsObject,
    /// The features `deprecated` and `unstable` mark commands, events, members and values.
    SpecialFeatureNotOnType,
    /// There are not more features than QEMU's generated code has bits for.
    FeatureLimit,
    /// As of the release that is presented, a type is there where it is used.
    TypeNotNewer,
    /// As of the release that is presented, a definition has the parts that it cannot be without.
    PartNotNewer,
    /// The server has every state that its commands want.
    StatePresent,
    /// The server has one state of each type.
    StateOnce,
    /// A package that must register something does.
    PackageLinked,
    /// A command for which the server has a policy exists.
    CommandPresent,
}

/// A definition that has a part in a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: &'static str,
    /// Where it was annotated.
    pub source: Source,
}

/// One thing that is wrong with the program's definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    rule: Rule,
    message: String,
    places: Vec<Place>,
}

impl Conflict {
    /// The rule that is broken.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// What is wrong, and what to do about it, for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The definitions that have a part in it, the one to blame first.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    pub(super) fn new(rule: Rule, message: String, places: &[&'static Definition]) -> Self {
        let place = |definition: &&'static Definition| Place {
            name: definition.name,
            source: definition.source,
        };
        let mut places: Vec<_> = places.iter().map(place).collect();
        places.dedup();
        Self { rule, message, places }
    }

    pub(super) fn at(rule: Rule, message: String, places: &[Place]) -> Self {
        Self { rule, message, places: places.to_vec() }
    }

    /// No state of a type that each of `commands` wants.
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

    pub(crate) fn repeated_state(type_name: &str) -> Self {
        let message = format!(
            "the server was given more than one state of type `{type_name}`, and commands find it \
             by its type; keep one, or wrap the others in types of their own",
        );
        Self::new(Rule::StateOnce, message, &[])
    }

    pub(crate) fn unknown_command(name: &str) -> Self {
        let message = format!(
            "the server has a policy for the command `{name}`, which does not exist; correct the \
             name or drop the policy",
        );
        Self::new(Rule::CommandPresent, message, &[])
    }

    pub(crate) fn empty_package(package: &str) -> Self {
        let message = format!(
            "no definition of package `{package}` is registered: nothing in the program names it, \
             so it was not linked; write `use {} as _;` in the binary",
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
