//! Members of objects and arguments of commands: mandatory or optional.

use serde::ser::SerializeMap;

use super::{QapiType, serialize_entry};
use crate::error::Result;
use crate::schema::definition::Definition;
use crate::schema::definition::object::MemberShape;
use crate::schema::definition::type_::{Builtin, Type, TypeRef};
use crate::visitor::Input;
use crate::visitor::object::ObjectVisitor;

/// The type of a member of an object or of an argument of a command: a QAPI type, an `Option` of
/// one where the member may be absent, or a borrowed string.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a QAPI member or argument",
    label = "not a QAPI type",
    note = "annotate it with `#[qapi_struct]`, `#[qapi_enum]`, `#[qapi_union]` or \
            `#[qapi_alternate]`, or use a built-in type such as `String`, `bool`, `i64`, `u64`, \
            `f64` or `Vec<T>`; wrap it in `Option` to make it optional",
    note = "for a type of another crate, write a newtype that implements `qapi_core::QapiType`",
    note = "a `Duration` requires `#[qapi(unit = \"ms\")]`; bytes may have `#[qapi(base64)]`",
    note = "mark a parameter that is the server's state with `#[qapi(state)]`, and the caller's \
            session with `#[qapi(session)]`"
)]
pub trait MemberType<'m>: Sized {
    /// Whether the member may be absent.
    const OPTIONAL: bool;

    /// The type in the schema.
    fn schema_type() -> Type;

    /// The type in the schema, and whether the member may be absent.
    #[doc(hidden)]
    const SHAPE: MemberShape = if Self::OPTIONAL {
        MemberShape::optional(TypeRef::by_function(Self::schema_type))
    } else {
        MemberShape::mandatory(TypeRef::by_function(Self::schema_type))
    };

    /// Reads the member `name` of `object`.
    ///
    /// # Errors
    /// The member is mandatory and absent, or its value is refused.
    fn visit_member(object: &mut ObjectVisitor<'_, 'm>, name: &'static str) -> Result<Self> {
        object.member(name)
    }

    /// As [`visit_member`](Self::visit_member), for a member that not every client may use: one
    /// that is newer than `owner`, deprecated or unstable.
    #[doc(hidden)]
    fn visit_marked(
        object: &mut ObjectVisitor<'_, 'm>,
        owner: &'static Definition,
        name: &'static str,
    ) -> Result<Self> {
        if object.has_member(owner, name, Self::OPTIONAL)? {
            return Self::visit_member(object, name);
        }
        Self::visit_absent().ok_or_else(|| object.missing(name))
    }

    /// Reads the member's value.
    ///
    /// # Errors
    /// The value is refused.
    fn visit_present(input: Input<'_, 'm>) -> Result<Self>;

    /// The value of an absent member; `None` where the member is mandatory.
    fn visit_absent() -> Option<Self>;

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
impl<T: QapiType> MemberType<'_> for T {
    const OPTIONAL: bool = false;

    fn schema_type() -> Type {
        <T as QapiType>::schema_type()
    }

    fn visit_present(input: Input<'_, '_>) -> Result<Self> {
        T::visit(input)
    }

    fn visit_absent() -> Option<Self> {
        None
    }

    fn serialize_member<M: SerializeMap>(
        &self,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        serialize_entry(map, name, self)
    }
}

impl<T: QapiType> MemberType<'_> for Option<T> {
    const OPTIONAL: bool = true;

    fn schema_type() -> Type {
        <T as QapiType>::schema_type()
    }

    fn visit_present(input: Input<'_, '_>) -> Result<Self> {
        T::visit(input).map(Some)
    }

    fn visit_absent() -> Option<Self> {
        Some(None)
    }

    fn serialize_member<M: SerializeMap>(
        &self,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        self.as_ref().map_or(Ok(()), |value| serialize_entry(map, name, value))
    }
}

/// A string that borrows from the message.
#[diagnostic::do_not_recommend]
impl<'m> MemberType<'m> for &'m str {
    const OPTIONAL: bool = false;

    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit_present(input: Input<'_, 'm>) -> Result<Self> {
        input.string()
    }

    fn visit_absent() -> Option<Self> {
        None
    }

    fn serialize_member<M: SerializeMap>(
        &self,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        map.serialize_entry(name, self)
    }
}

/// A string that borrows from the message, if the member is present.
#[diagnostic::do_not_recommend]
impl<'m> MemberType<'m> for Option<&'m str> {
    const OPTIONAL: bool = true;

    fn schema_type() -> Type {
        Type::Builtin(Builtin::Str)
    }

    fn visit_present(input: Input<'_, 'm>) -> Result<Self> {
        input.string().map(Some)
    }

    fn visit_absent() -> Option<Self> {
        Some(None)
    }

    fn serialize_member<M: SerializeMap>(
        &self,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        self.as_ref().map_or(Ok(()), |value| map.serialize_entry(name, value))
    }
}

/// The typed method for lists. The methods here are separate from the visitor, so that the visitor
/// does not depend on the traits of types.
impl Input<'_, '_> {
    /// The elements of the array, each visited as a `T`.
    ///
    /// # Errors
    /// The value is not an array, or an element is refused.
    pub fn list<T: QapiType>(&self) -> Result<Vec<T>> {
        self.elements(T::visit)
    }
}

/// The typed method for members.
impl<'m> ObjectVisitor<'_, 'm> {
    /// Visits the member `name`; [`MemberType`] determines whether it may be absent.
    ///
    /// # Errors
    /// The member is mandatory and absent, or its value is refused.
    pub fn member<T: MemberType<'m>>(&mut self, name: &'static str) -> Result<T> {
        match self.visit_with(name, |input| T::visit_present(input)) {
            Some(visited) => visited,
            None => T::visit_absent().ok_or_else(|| self.missing(name)),
        }
    }
}
