//! Further types of the standard library that are a `str` in the schema.

use std::borrow::Cow;
use std::path::PathBuf;

use super::QapiType;
use crate::error::Result;
use crate::schema::definition::type_::{Builtin, Type};
use crate::visitor::Input;

/// A string that is often a constant. A visit returns an owned string; to borrow from the message,
/// use a parameter of type `&str`.
impl QapiType for Cow<'_, str> {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.string().map(|text| Cow::Owned(text.to_owned()))
    }
}

/// The name of a file. QMP can express only UTF-8: a reply with another name is an error.
impl QapiType for PathBuf {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.string().map(Self::from)
    }
}
