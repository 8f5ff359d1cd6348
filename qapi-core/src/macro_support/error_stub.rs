//! What stands in for a definition in which the attributes found mistakes, so that these are all
//! that the compiler tells: code that uses the item has its types checked as ever. No program that
//! contains any of it can be built.

use crate::schema::definition::Definition;

/// Never reached, as nothing of this is ever run.
#[doc(hidden)]
#[cold]
pub fn stand_in() -> ! {
    unreachable!("a definition with mistakes does not compile")
}

/// The definition of what has none that could be read.
#[doc(hidden)]
pub static STAND_IN: Definition = crate::schema::definition::builder::definition(
    "",
    "",
    crate::__qapi_source!(),
    crate::schema::definition::builder::structure(None, &[]),
);

/// Makes a type whatever a type of the schema can be.
#[doc(hidden)]
#[macro_export]
macro_rules! __qapi_stand_in_type {
    ($name:ident) => {
        impl $crate::__private::QapiType for $name {
            fn schema_type() -> $crate::__private::Type {
                $crate::__private::stand_in()
            }
            fn visit(_: $crate::__private::Input<'_, '_>) -> $crate::__private::Result<Self> {
                $crate::__private::stand_in()
            }
        }
        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(
                &self,
                _: S,
            ) -> $crate::__private::Result<S::Ok, S::Error> {
                $crate::__private::stand_in()
            }
        }
        impl $crate::__private::QapiObject for $name {
            fn visit_members(
                _: &mut $crate::__private::ObjectVisitor<'_, '_>,
            ) -> $crate::__private::Result<Self> {
                $crate::__private::stand_in()
            }
            fn serialize_members<M: $crate::__private::SerializeMap>(
                &self,
                _: &mut M,
            ) -> $crate::__private::Result<(), M::Error> {
                $crate::__private::stand_in()
            }
        }
        impl $crate::__private::QapiEnum for $name {}
    };
}

/// Makes an enum an enumeration besides.
#[doc(hidden)]
#[macro_export]
macro_rules! __qapi_stand_in_enum {
    ($name:ident) => {
        $crate::__qapi_stand_in_type!($name);
        #[allow(dead_code, missing_docs, unreachable_pub, reason = "as what it stands in for")]
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
                $crate::__private::stand_in()
            }
        }
    };
}

/// Makes a struct an event.
#[doc(hidden)]
#[macro_export]
macro_rules! __qapi_stand_in_event {
    ($name:ident) => {
        impl $crate::__private::QapiEvent for $name {
            const DEFINITION: &'static $crate::__private::Definition =
                &$crate::__private::STAND_IN;
            fn visit_members(
                _: &mut $crate::__private::ObjectVisitor<'_, '_>,
            ) -> $crate::__private::Result<Self> {
                $crate::__private::stand_in()
            }
            fn serialize_members<M: $crate::__private::SerializeMap>(
                &self,
                _: &mut M,
            ) -> $crate::__private::Result<(), M::Error> {
                $crate::__private::stand_in()
            }
        }
    };
}

pub use {
    __qapi_stand_in_enum as stand_in_enum, __qapi_stand_in_event as stand_in_event,
    __qapi_stand_in_type as stand_in_type,
};
