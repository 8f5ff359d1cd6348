//! What a manual contains, whatever its source is.

mod file;
mod server;

use super::markup::Block;

pub(super) use file::from_schema;
pub(super) use server::from_documentation;

/// The remark on commands that may be executed out of band.
const OUT_OF_BAND: &str = "May be executed out of band.";

/// The contents of a manual.
pub(super) struct Manual {
    pub(super) title: String,
    pub(super) modules: Vec<Module>,
    /// The definitions, those of a module together.
    pub(super) definitions: Vec<Definition>,
}

/// A schema file, or a package of a server.
pub(super) struct Module {
    pub(super) name: String,
    /// The text that belongs to no definition.
    pub(super) text: Vec<Block>,
}

/// The kinds of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Command,
    Event,
    Enum,
    Struct,
    Union,
    Alternate,
}

impl Kind {
    /// The kinds in the order in which a manual lists them.
    pub(super) const ALL: [Self; 6] =
        [Self::Command, Self::Event, Self::Enum, Self::Struct, Self::Union, Self::Alternate];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Event => "event",
            Self::Enum => "enum",
            Self::Struct => "struct",
            Self::Union => "union",
            Self::Alternate => "alternate",
        }
    }

    /// The heading of a list.
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Command => "Commands",
            Self::Event => "Events",
            Self::Enum => "Enums",
            Self::Struct => "Structs",
            Self::Union => "Unions",
            Self::Alternate => "Alternates",
        }
    }

    /// The heading of the parts of a definition.
    pub(super) const fn parts(self) -> &'static str {
        match self {
            Self::Command => "Arguments",
            Self::Event => "Data",
            Self::Enum => "Values",
            Self::Struct | Self::Union => "Members",
            Self::Alternate => "Alternatives",
        }
    }
}

/// A command, event or type.
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The index of its module.
    pub(super) module: usize,
    pub(super) marks: Marks,
    pub(super) text: Vec<Block>,
    /// The arguments, data, members, values or alternatives that the definition lists itself.
    pub(super) parts: Vec<Part>,
    /// The type whose members are the arguments of a command or the data of an event.
    pub(super) data: Option<TypeName>,
    /// The type whose members come before those that the definition lists.
    pub(super) base: Option<TypeName>,
    /// The member of a union whose value selects the branch.
    pub(super) discriminator: Option<String>,
    pub(super) branches: Vec<Branch>,
    pub(super) returns: Option<TypeName>,
    pub(super) returns_text: Vec<Block>,
    pub(super) errors: Vec<Block>,
    pub(super) examples: Vec<Block>,
    /// What else clients have to know about a command, as "may be executed out of band".
    pub(super) remarks: Vec<&'static str>,
    /// The file and the line, or the package.
    pub(super) source: String,
}

impl Definition {
    /// The types that the definition names, each with its use.
    pub(super) fn type_uses(&self) -> Vec<(&TypeName, String)> {
        let whole = [(&self.data, "data"), (&self.base, "base"), (&self.returns, "returns")];
        let whole = whole.into_iter().filter_map(|(ty, role)| Some((ty.as_ref()?, role.into())));
        let parts = self.parts.iter();
        let parts = parts.filter_map(|part| Some((part.ty.as_ref()?, part.name.clone())));
        let branches = self.branches.iter().map(|branch| (&branch.ty, branch.value.clone()));
        whole.chain(parts).chain(branches).collect()
    }
}

/// The marks of a definition or of a part.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) since: Option<String>,
    pub(super) features: Vec<Feature>,
    /// The condition under which it exists, in words.
    pub(super) condition: Option<String>,
}

impl Marks {
    /// Whether there is a feature of this name.
    pub(super) fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|found| found.name == feature)
    }
}

/// A special feature.
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) text: Vec<Block>,
    pub(super) condition: Option<String>,
}

/// An argument, a member, a value or an alternative.
pub(super) struct Part {
    pub(super) name: String,
    /// The type. Values have none.
    pub(super) ty: Option<TypeName>,
    pub(super) optional: bool,
    pub(super) marks: Marks,
    pub(super) text: Vec<Block>,
}

/// A branch of a union.
pub(super) struct Branch {
    pub(super) value: String,
    pub(super) ty: TypeName,
    pub(super) condition: Option<String>,
}

/// The name of a type, or of the type of an array's elements.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TypeName {
    pub(super) name: String,
    pub(super) is_array: bool,
}

impl TypeName {
    /// Reads a name that stands in brackets for an array.
    fn parse(text: &str) -> Self {
        match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(element) => Self { name: element.to_owned(), is_array: true },
            None => Self { name: text.to_owned(), is_array: false },
        }
    }
}
