//! The documentation of a definition, as data.

use crate::{qapi_enum, qapi_struct};

/// The kinds of definition that the schema language has.
#[qapi_enum(crate = crate, register = false, name = "__org.qapi-rs_DocumentedKind")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentedKind {
    /// A list of strings.
    Enum,
    /// An object with fixed members.
    Struct,
    /// An object whose further members depend on the value of one of them.
    Union,
    /// A value of one of several JSON types.
    Alternate,
    /// What clients execute.
    Command,
    /// What clients are told.
    Event,
}

/// The documentation of a command, an event or a type. Texts are Markdown.
#[qapi_struct(crate = crate, register = false, name = "__org.qapi-rs_DefinitionDocumentation")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionDocumentation {
    /// Its name.
    pub name: String,
    /// What kind of definition it is.
    pub kind: DocumentedKind,
    /// What it is; empty where nothing is said.
    pub doc: String,
    /// What the returned value of a command means, if that is said.
    pub returns: Option<String>,
    /// When a command fails, if that is said.
    pub errors: Option<String>,
    /// How it is used, if that is shown.
    pub examples: Option<String>,
    /// The version it appeared in, if that is said.
    pub since: Option<String>,
    /// Its special features.
    pub features: Vec<FeatureDocumentation>,
    /// The values of an enum, the members that all values of a struct or union have, the
    /// alternatives of an alternate, the arguments of a command or the data of an event.
    pub members: Vec<PartDocumentation>,
    /// The type whose members are the arguments of a command or the data of an event, where they
    /// are not listed.
    pub data: Option<String>,
    /// The type that a command returns, if it returns something.
    pub return_type: Option<String>,
    /// The member of a union that says which branch follows.
    pub discriminator: Option<String>,
    /// The branches of a union that add members.
    pub branches: Option<Vec<BranchDocumentation>>,
    /// The package that defines it.
    pub package: String,
}

/// The documentation of a special feature.
#[qapi_struct(crate = crate, register = false, name = "__org.qapi-rs_FeatureDocumentation")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureDocumentation {
    /// Its name.
    pub name: String,
    /// What it means; empty where nothing is said.
    pub doc: String,
}

/// The documentation of a value, a member, an alternative or an argument.
#[qapi_struct(crate = crate, register = false, name = "__org.qapi-rs_PartDocumentation")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartDocumentation {
    /// Its name.
    pub name: String,
    /// What it means; empty where nothing is said.
    pub doc: String,
    /// Its type: a name, in brackets for a list. Values have none.
    #[qapi(name = "type")]
    pub part_type: Option<String>,
    /// Whether it may be absent.
    pub optional: bool,
    /// The version it appeared in, where that is later than its owner.
    pub since: Option<String>,
    /// Its special features.
    pub features: Vec<FeatureDocumentation>,
}

/// A branch of a union.
#[qapi_struct(crate = crate, register = false, name = "__org.qapi-rs_BranchDocumentation")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchDocumentation {
    /// The value of the discriminator.
    pub value: String,
    /// The struct or union with the members that it adds.
    #[qapi(name = "type")]
    pub branch_type: String,
}
