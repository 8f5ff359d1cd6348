//! The built-in types of the schema language, types of the standard library that are a `str` in the
//! schema, and boxes and lists of types.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};

use super::{ObjectKind, QapiObject, QapiType, Sealed, Value};
use crate::error::Result;
use crate::schema::definition::type_::{Builtin, Type, TypeRef};
use crate::visitor::Input;
use crate::visitor::object::ObjectVisitor;

impl QapiType for String {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        let text = input.string()?;
        input.allocate(text.len())?;
        Ok(text.to_owned())
    }
}

/// A string that is often a constant. A visit returns an owned string; to borrow from the message,
/// use a parameter of type `&str`.
impl QapiType for Cow<'_, str> {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        String::visit(input).map(Cow::Owned)
    }
}

/// The name of a file. QMP can express only UTF-8: a reply with another name is an error.
impl QapiType for PathBuf {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        String::visit(input).map(Self::from)
    }
}

impl QapiType for bool {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Bool)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.boolean()
    }
}

impl QapiType for f64 {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Number)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.number()
    }

    /// JSON has no form for NaN and infinities.
    fn serialize_value<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_finite() {
            return serializer.serialize_f64(*self);
        }
        Err(S::Error::custom(format_args!("{self} is not a number of JSON")))
    }
}

/// Integers are read at full width, then checked against the declared width.
macro_rules! integer {
    ($($ty:ty: $builtin:ident, $read:ident, $c_name:literal;)*) => {$(
        impl QapiType for $ty {
            fn schema_type() -> Type {
                Type::Builtin(Builtin::$builtin)
            }

            fn visit(input: Input<'_, '_>) -> Result<Self> {
                <$ty>::try_from(input.$read()?).map_err(|_| input.range_error($c_name))
            }
        }
    )*};
}

integer! {
    i8: Int8, integer, "int8_t";
    i16: Int16, integer, "int16_t";
    i32: Int32, integer, "int32_t";
    i64: Int, integer, "int64_t";
    u8: Uint8, unsigned, "uint8_t";
    u16: Uint16, unsigned, "uint16_t";
    u32: Uint32, unsigned, "uint32_t";
    u64: Uint64, unsigned, "uint64_t";
}

/// QAPI's `null`. In an alternate, `null` stands for the absence of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Null;

impl Serialize for Null {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl QapiType for Null {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Null)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.null().map(|()| Self)
    }
}

/// QAPI's `any`.
impl QapiType for serde_json::Value {
    fn schema_type() -> Type {
        Type::Builtin(Builtin::Any)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.allocate(input.value().tree_size())?;
        Ok(input.value().to_json())
    }
}

impl<T: QapiType> QapiType for Vec<T> {
    fn schema_type() -> Type {
        Type::Array(TypeRef::by_function(<T as QapiType>::schema_type))
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.check_depth()?;
        input.list()
    }

    fn serialize_value<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Value))
    }
}

/// The same as `T`, for a value that several values of a reply contain.
impl<T: QapiType> QapiType for Arc<T> {
    fn schema_type() -> Type {
        <T as QapiType>::schema_type()
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.check_depth()?;
        input.allocate(size_of::<T>())?;
        T::visit(input).map(Self::new)
    }

    fn serialize_value<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize_value(serializer)
    }
}

impl<T: QapiType> QapiType for Box<T> {
    fn schema_type() -> Type {
        <T as QapiType>::schema_type()
    }

    /// A type that contains itself does so through a `Box` or a `Vec`. So both check the depth.
    fn visit(input: Input<'_, '_>) -> Result<Self> {
        input.check_depth()?;
        input.allocate(size_of::<T>())?;
        T::visit(input).map(Self::new)
    }

    fn serialize_value<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize_value(serializer)
    }
}

impl<T: QapiObject> Sealed<ObjectKind> for Box<T> {}

impl<T: QapiObject> QapiObject for Box<T> {
    fn visit_members(object: &mut ObjectVisitor<'_, '_>) -> Result<Self> {
        T::visit_members(object).map(Self::new)
    }

    fn serialize_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        (**self).serialize_members(map)
    }
}
