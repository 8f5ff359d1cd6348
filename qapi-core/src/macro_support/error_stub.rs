//! Implementations for an item in which an attribute found errors. Code that uses the item
//! compiles, so that the compiler reports only the errors of the item. No program that contains an
//! error stub can be built.

use crate::schema::definition::object::Struct;
use crate::schema::definition::{Definition, DefinitionKind, Part};

/// The body of every function of an error stub. No program reaches it.
#[doc(hidden)]
#[cold]
pub fn stub_called() -> ! {
    unreachable!("a definition with errors does not compile")
}

/// The definition of an item with errors.
#[doc(hidden)]
pub static STUB_DEFINITION: Definition = Definition::new(
    Part::new("", ""),
    crate::__qapi_source!(),
    DefinitionKind::Struct(Struct::new(None, &[])),
);

/// Implements all traits of schema types for a type.
#[doc(hidden)]
#[macro_export]
macro_rules! __qapi_error_stub_type {
    ($name:ident) => {
        impl $crate::__private::QapiType for $name {
            fn schema_type() -> $crate::__private::Type {
                $crate::__private::stub_called()
            }
            fn visit(_: $crate::__private::Input<'_, '_>) -> $crate::__private::Result<Self> {
                $crate::__private::stub_called()
            }
        }
        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(
                &self,
                _: S,
            ) -> $crate::__private::Result<S::Ok, S::Error> {
                $crate::__private::stub_called()
            }
        }
        impl $crate::__private::Sealed<$crate::__private::ObjectKind> for $name {}
        impl $crate::__private::Sealed<$crate::__private::EnumKind> for $name {}
        impl $crate::__private::QapiObject for $name {
            fn visit_members(
                _: &mut $crate::__private::ObjectVisitor<'_, '_>,
            ) -> $crate::__private::Result<Self> {
                $crate::__private::stub_called()
            }
            fn serialize_members<M: $crate::__private::SerializeMap>(
                &self,
                _: &mut M,
            ) -> $crate::__private::Result<(), M::Error> {
                $crate::__private::stub_called()
            }
        }
        impl $crate::__private::QapiEnum for $name {
            const VARIANTS: &'static [&'static ::core::primitive::str] = &[];
            const VALUES: &'static [&'static ::core::primitive::str] = &[];
        }
    };
}

/// Implements the traits of [`error_stub_type`] for an enum, and the items that the attribute
/// generates for enums.
#[doc(hidden)]
#[macro_export]
macro_rules! __qapi_error_stub_enum {
    ($name:ident) => {
        $crate::__qapi_error_stub_type!($name);
        #[allow(dead_code, missing_docs, unreachable_pub, reason = "generated for any enum")]
        impl $name {
            pub const ALL: &'static [Self] = &[];
            pub const fn as_str(&self) -> &'static ::core::primitive::str {
                ""
            }
        }
        impl $crate::__private::Display for $name {
            fn fmt(
                &self,
                _: &mut $crate::__private::Formatter<'_>,
            ) -> $crate::__private::fmt::Result {
                $crate::__private::stub_called()
            }
        }
    };
}

/// Implements `QapiEvent` for a struct.
#[doc(hidden)]
#[macro_export]
macro_rules! __qapi_error_stub_event {
    ($name:ident) => {
        impl $crate::__private::QapiEvent for $name {
            const DEFINITION: &'static $crate::__private::Definition =
                &$crate::__private::STUB_DEFINITION;
            fn visit_members(
                _: &mut $crate::__private::ObjectVisitor<'_, '_>,
            ) -> $crate::__private::Result<Self> {
                $crate::__private::stub_called()
            }
            fn serialize_members<M: $crate::__private::SerializeMap>(
                &self,
                _: &mut M,
            ) -> $crate::__private::Result<(), M::Error> {
                $crate::__private::stub_called()
            }
        }
    };
}

pub use {
    __qapi_error_stub_enum as error_stub_enum, __qapi_error_stub_event as error_stub_event,
    __qapi_error_stub_type as error_stub_type,
};
