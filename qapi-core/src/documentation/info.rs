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
    /// A command that clients execute.
    Command,
    /// A message that the server sends without a request.
    Event,
}

/// The documentation of a command, an event or a type. Texts are Markdown.
#[qapi_struct(crate = crate, register = false, name = "__org.qapi-rs_DefinitionDocumentation")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionDocumentation {
    /// Its name.
    pub name: String,
    /// The kind of the definition.
    pub kind: DocumentedKind,
    /// The description; empty if the definition has none.
    pub doc: String,
    /// The meaning of a command's return value, if it is documented.
    pub returns: Option<String>,
    /// The conditions under which a command fails, if they are documented.
    pub errors: Option<String>,
    /// Examples of its use, if there are any.
    pub examples: Option<String>,
    /// The version that introduced the definition, if it is known.
    pub since: Option<String>,
    /// Its special features.
    pub features: Vec<FeatureDocumentation>,
    /// The values of an enum, the members that all values of a struct or union have, the
    /// alternatives of an alternate, the arguments of a command or the data of an event.
    pub members: Vec<PartDocumentation>,
    /// The type whose members are the arguments of a command or the data of an event, if `members`
    /// does not list them.
    pub data: Option<String>,
    /// The return type of a command, if it returns a value.
    pub return_type: Option<String>,
    /// The member of a union whose value selects the branch.
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
    /// The description; empty if there is none.
    pub doc: String,
}

/// The documentation of a value, a member, an alternative or an argument.
#[qapi_struct(crate = crate, register = false, name = "__org.qapi-rs_PartDocumentation")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartDocumentation {
    /// Its name.
    pub name: String,
    /// The description; empty if there is none.
    pub doc: String,
    /// Its type: a name, in brackets for a list. Values have none.
    #[qapi(name = "type")]
    pub part_type: Option<String>,
    /// Whether a member or argument is optional.
    pub optional: bool,
    /// The version that introduced it, if it is later than that of its owner.
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
