//! The path to a value within the arguments.

use std::fmt;

/// The path from the arguments of a command to a value within them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Path::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Element(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl Path<'_> {
    /// The number of values that contain the value.
    pub(super) fn depth(&self) -> usize {
        let (mut path, mut depth) = (self, 0);
        while let Self::Member(parent, _) | Self::Element(parent, _) = path {
            (path, depth) = (parent, depth + 1);
        }
        depth
    }

    /// The last name, for messages that have no full path. An element of an array has no name.
    pub(super) fn leaf(&self) -> &str {
        match self {
            Self::Member(_, name) => name,
            Self::Root | Self::Element(..) => "null",
        }
    }
}
