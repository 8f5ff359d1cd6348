//! Types that can be told in more than one way, and so need a word that says in which: lengths
//! of time (`#[qapi(unit = "ms")]`) and bytes (`#[qapi(base64)]`).

use std::time::Duration;

use base64::display::Base64Display;
use base64::engine::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::QapiType;
use crate::error::Result;
use crate::schema::definition::Definition;
use crate::schema::definition::type_::{Builtin, Type, TypeRef};
use crate::visitor::Input;
use crate::visitor::object::ObjectVisitor;

/// A way to tell a value.
pub trait Representation: Sized + 'static {
    /// The type of the value.
    type Value;

    /// How it stands in the schema.
    fn schema_type() -> Type;

    /// Reads the value.
    fn visit(input: Input<'_, '_>) -> Result<Self::Value>;

    /// Writes the value.
    fn serialize<S: Serializer>(value: &Self::Value, serializer: S) -> Result<S::Ok, S::Error>;
}

/// Each unit: how it is read, and how it is written, which leaves out what is less than one.
macro_rules! units {
    ($($unit:ident: $read:ident, $write:ident;)*) => {$(
        /// A length of time in this unit.
        #[derive(Debug)]
        pub struct $unit;

        impl Representation for $unit {
            type Value = Duration;

            fn schema_type() -> Type {
                Type::Builtin(Builtin::Uint64)
            }

            fn visit(input: Input<'_, '_>) -> Result<Duration> {
                // A `uint64` may be written as a negative number; a length of time is none.
                let number = input.unsigned()?;
                match i64::try_from(number) {
                    Ok(_) => Ok(Duration::$read(number)),
                    Err(_) => Err(input.range_error("a length of time")),
                }
            }

            fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_u64(u64::try_from(value.$write()).unwrap_or(u64::MAX))
            }
        }
    )*};
}

units! {
    Seconds: from_secs, as_secs;
    Milliseconds: from_millis, as_millis;
    Microseconds: from_micros, as_micros;
    Nanoseconds: from_nanos, as_nanos;
}

/// Bytes as a string (RFC 4648, "Base 64 Encoding", with padding).
#[derive(Debug)]
pub struct Base64;

impl Representation for Base64 {
    type Value = Vec<u8>;

    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit(input: Input<'_, '_>) -> Result<Vec<u8>> {
        STANDARD.decode(input.string()?).map_err(|_| input.range_error("base64"))
    }

    fn serialize<S: Serializer>(value: &Vec<u8>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(value, &STANDARD))
    }
}

/// A `V`, or an `Option` of one.
pub trait Holds<V>: Sized {
    /// Whether there may be none.
    const OPTIONAL: bool;

    /// What holds `value`; `None` if there has to be one and is none.
    fn holding(value: Option<V>) -> Option<Self>;

    /// The value, if there is one.
    fn held(&self) -> Option<&V>;
}

#[diagnostic::do_not_recommend]
impl<V> Holds<V> for V {
    const OPTIONAL: bool = false;

    fn holding(value: Option<V>) -> Option<V> {
        value
    }

    fn held(&self) -> Option<&V> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<V> Holds<V> for Option<V> {
    const OPTIONAL: bool = true;

    fn holding(value: Self) -> Option<Self> {
        Some(value)
    }

    fn held(&self) -> Option<&V> {
        self.as_ref()
    }
}

/// What [`MemberType`](super::MemberType) is for other members, for one that is told as `R` says.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written in `{R}`",
    label = "cannot be told in this way",
    note = "a `unit` goes with `std::time::Duration`, `base64` with `Vec<u8>`, and both with an \
            `Option` of these"
)]
pub trait MemberAs<R>: Sized {
    /// What the schema says of the member besides its name.
    const SHAPE: (bool, TypeRef);

    /// Reads the member `name` of `object`.
    fn visit_member(object: &mut ObjectVisitor<'_, '_>, name: &'static str) -> Result<Self>;

    /// The value that stands for an absent member; `None` where it is mandatory.
    fn visit_absent() -> Option<Self>;

    /// The same for a member of `owner` that not every client may use.
    fn visit_marked(
        object: &mut ObjectVisitor<'_, '_>,
        owner: &'static Definition,
        name: &'static str,
    ) -> Result<Self> {
        if object.has_member(owner, name, Self::SHAPE.0)? {
            return Self::visit_member(object, name);
        }
        Self::visit_absent().ok_or_else(|| object.missing(name))
    }

    /// Writes the member, if there is anything to write.
    fn serialize_member<M: SerializeMap>(
        &self,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error>;
}

#[diagnostic::do_not_recommend]
impl<R: Representation, T: Holds<R::Value>> MemberAs<R> for T {
    const SHAPE: (bool, TypeRef) = (T::OPTIONAL, R::schema_type);

    fn visit_member(object: &mut ObjectVisitor<'_, '_>, name: &'static str) -> Result<Self> {
        let told: Option<Told<R>> = object.member(name)?;
        Self::holding(told.map(|Told(value)| value)).ok_or_else(|| object.missing(name))
    }

    fn visit_absent() -> Option<Self> {
        Self::holding(None)
    }

    fn serialize_member<M: SerializeMap>(
        &self,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        match self.held() {
            Some(value) => map.serialize_entry(name, &Telling::<R>(value)),
            None => Ok(()),
        }
    }
}

/// A value that was read.
struct Told<R: Representation>(R::Value);

/// A value to be written.
struct Telling<'a, R: Representation>(&'a R::Value);

impl<R: Representation> Serialize for Told<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        R::serialize(&self.0, serializer)
    }
}

impl<R: Representation> Serialize for Telling<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        R::serialize(self.0, serializer)
    }
}

impl<R: Representation> QapiType for Told<R> {
    fn schema_type() -> Type {
        R::schema_type()
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        R::visit(input).map(Self)
    }
}
