//! Members whose Rust type has several encodings: durations and bytes. A word of the attribute
//! selects the encoding: `#[qapi(unit = "ms")]` or `#[qapi(base64)]`.

use std::time::Duration;

use base64::display::Base64Display;
use base64::engine::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::QapiType;
use crate::error::Result;
use crate::messages;
use crate::schema::definition::Definition;
use crate::schema::definition::object::MemberShape;
use crate::schema::definition::type_::{Builtin, Type, TypeRef};
use crate::visitor::Input;
use crate::visitor::object::ObjectVisitor;

/// An encoding of a Rust type in JSON.
pub trait Encoding: Sized + 'static {
    /// The Rust type.
    type Value;

    /// The schema's type of the encoded value.
    fn schema_type() -> Type;

    /// Decodes a value.
    ///
    /// # Errors
    /// The value does not have the encoding's JSON type, or not the form of the encoding.
    fn visit(input: Input<'_, '_>) -> Result<Self::Value>;

    /// Encodes a value.
    ///
    /// # Errors
    /// The errors of `serializer`.
    fn serialize<S: Serializer>(value: &Self::Value, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A `Duration` as a whole number of units; encoding rounds down.
macro_rules! units {
    ($($unit:ident: $decode:ident, $encode:ident;)*) => {$(
        /// A duration in this unit.
        #[derive(Debug)]
        pub struct $unit;

        impl Encoding for $unit {
            type Value = Duration;

            fn schema_type() -> Type {
                Type::Builtin(Builtin::Uint64)
            }

            fn visit(input: Input<'_, '_>) -> Result<Duration> {
                // QEMU reads a negative number as a large `uint64`; a duration must not be
                // negative.
                let number = input.unsigned()?;
                match i64::try_from(number) {
                    Ok(_) => Ok(Duration::$decode(number)),
                    Err(_) => Err(input.range_error(messages::EXPECTED_DURATION)),
                }
            }

            fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_u64(u64::try_from(value.$encode()).unwrap_or(u64::MAX))
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

impl Encoding for Base64 {
    type Value = Vec<u8>;

    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit(input: Input<'_, '_>) -> Result<Vec<u8>> {
        let text = input.string()?;
        input.allocate(text.len())?;
        STANDARD.decode(text).map_err(|_| input.range_error(messages::EXPECTED_BASE64))
    }

    fn serialize<S: Serializer>(value: &Vec<u8>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(value, &STANDARD))
    }
}

/// A `V`, or an `Option` of one.
pub trait OptionalOr<V>: Sized {
    /// Whether it is an `Option`.
    const OPTIONAL: bool;

    /// Wraps a value that may be absent; `None` if the value is mandatory and absent.
    fn wrap(value: Option<V>) -> Option<Self>;

    /// The value, if it is present.
    fn as_option(&self) -> Option<&V>;
}

#[diagnostic::do_not_recommend]
impl<V> OptionalOr<V> for V {
    const OPTIONAL: bool = false;

    fn wrap(value: Option<V>) -> Option<V> {
        value
    }

    fn as_option(&self) -> Option<&V> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<V> OptionalOr<V> for Option<V> {
    const OPTIONAL: bool = true;

    fn wrap(value: Self) -> Option<Self> {
        Some(value)
    }

    fn as_option(&self) -> Option<&V> {
        self.as_ref()
    }
}

/// A member in encoding `E`: the counterpart of [`MemberType`](super::MemberType).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be encoded as `{E}`",
    label = "no such encoding",
    note = "`unit` is for `std::time::Duration`, `base64` is for `Vec<u8>`, and both are for an \
            `Option` of these"
)]
pub trait EncodedMember<E>: Sized {
    /// The schema's type of the member, and whether the member may be absent.
    const SHAPE: MemberShape;

    /// Reads the member `name` of `object`.
    ///
    /// # Errors
    /// The member is mandatory and absent, or its value is refused.
    fn visit_member(object: &mut ObjectVisitor<'_, '_>, name: &'static str) -> Result<Self>;

    /// The value of an absent member; `None` where the member is mandatory.
    fn visit_absent() -> Option<Self>;

    /// Reads a member that not every client may use: one that is newer than `owner`, deprecated or
    /// unstable.
    ///
    /// # Errors
    /// The errors of [`visit_member`](Self::visit_member), or the policy refuses the member.
    fn visit_marked(
        object: &mut ObjectVisitor<'_, '_>,
        owner: &'static Definition,
        name: &'static str,
    ) -> Result<Self> {
        if object.has_member(owner, name, Self::SHAPE.is_optional())? {
            return Self::visit_member(object, name);
        }
        Self::visit_absent().ok_or_else(|| object.missing(name))
    }

    /// Writes the member, if it is present.
    ///
    /// # Errors
    /// The errors of `map`.
    fn serialize_member<M: SerializeMap>(
        &self,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error>;
}

#[diagnostic::do_not_recommend]
impl<E: Encoding, T: OptionalOr<E::Value>> EncodedMember<E> for T {
    const SHAPE: MemberShape = if T::OPTIONAL {
        MemberShape::optional(TypeRef::by_function(E::schema_type))
    } else {
        MemberShape::mandatory(TypeRef::by_function(E::schema_type))
    };

    fn visit_member(object: &mut ObjectVisitor<'_, '_>, name: &'static str) -> Result<Self> {
        let decoded: Option<Owned<E>> = object.member(name)?;
        Self::wrap(decoded.map(|Owned(value)| value)).ok_or_else(|| object.missing(name))
    }

    fn visit_absent() -> Option<Self> {
        Self::wrap(None)
    }

    fn serialize_member<M: SerializeMap>(
        &self,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        match self.as_option() {
            Some(value) => map.serialize_entry(name, &Borrowed::<E>(value)),
            None => Ok(()),
        }
    }
}

/// A decoded value, as a type of the schema.
struct Owned<E: Encoding>(E::Value);

/// A value to be encoded.
struct Borrowed<'a, E: Encoding>(&'a E::Value);

impl<E: Encoding> Serialize for Owned<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        E::serialize(&self.0, serializer)
    }
}

impl<E: Encoding> Serialize for Borrowed<'_, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        E::serialize(self.0, serializer)
    }
}

impl<E: Encoding> QapiType for Owned<E> {
    fn schema_type() -> Type {
        E::schema_type()
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        E::visit(input).map(Self)
    }
}
