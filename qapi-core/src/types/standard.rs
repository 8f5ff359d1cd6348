//! Types of the standard library that stand for QAPI's strings.

use std::borrow::Cow;
use std::path::PathBuf;

use super::QapiType;
use crate::error::Result;
use crate::schema::definition::type_::{Builtin, Type};
use crate::visitor::Input;

/// A string that is often a constant. What is read is always owned; a parameter that borrows from
/// the message is a `&str`.
impl QapiType for Cow<'_, str> {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.string().map(|text| Cow::Owned(text.to_owned()))
    }
}

/// The name of a file. QMP can tell of those that are UTF-8 only: a reply with another one is an
/// error.
impl QapiType for PathBuf {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.string().map(Self::from)
    }
}
