//! QAPI's `size`.

use std::fmt;

use serde::ser::{Serialize, Serializer};

use super::QapiType;
use crate::error::Result;
use crate::schema::definition::type_::{Builtin, Type};
use crate::visitor::Input;

/// QAPI's `size`: a number of bytes.
///
/// In QMP a size is a `uint64`, and introspection shows an `int`. On a command line a size may have
/// a suffix, as in `size=1.5G`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Size(pub u64);

impl From<u64> for Size {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

impl From<Size> for u64 {
    fn from(Size(bytes): Size) -> Self {
        bytes
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl QapiType for Size {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Size)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.size().map(Self)
    }
}
