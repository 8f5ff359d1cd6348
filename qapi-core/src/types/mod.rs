//! The traits that tie Rust types to QAPI types, and their implementations for built-in types.

pub(crate) mod builtin;
pub(crate) mod command;
pub(crate) mod encoded;
pub(crate) mod fd;
pub(crate) mod member;
pub(crate) mod open;
pub(crate) mod size;
pub(crate) mod tagged;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::Result;
use crate::schema::definition::Definition;
use crate::schema::definition::object::{Branch, MemberShape};
use crate::schema::definition::type_::Type;
use crate::visitor::Input;
use crate::visitor::object::ObjectVisitor;
pub use builtin::Null;
use member::MemberType;
pub use open::{OpenValue, QapiOpenEnum};
pub use size::Size;

/// A Rust type with a counterpart in the schema. Its values can be read from messages and written
/// to them.
///
/// Annotate a type with `#[qapi_enum]`, `#[qapi_struct]`, `#[qapi_union]` or `#[qapi_alternate]`
/// to implement it.
///
/// | QAPI | Rust |
/// |---|---|
/// | `str` | `String`, `Cow<str>`, `PathBuf`; `&str` and `&Path` as arguments |
/// | `bool`, `number`, `null`, `any` | `bool`, `f64`, [`Null`], `serde_json::Value` |
/// | `int`, `int8` … `uint64` | `i64`, `i8` … `u64` |
/// | `size` | [`Size`] |
/// | a list | `Vec<T>`; `&[T]` as an argument |
/// | an optional member | `Option<T>` |
/// | `uint64` | `std::time::Duration` marked `#[qapi(unit = "ms")]`, or `s`, `us`, `ns` |
/// | `str` | `Vec<u8>` marked `#[qapi(base64)]` |
/// | the same as `T` | `Box<T>`, `Arc<T>`, and a newtype under `#[qapi_struct(transparent)]` |
///
/// To use a type of another crate, wrap it and implement the trait by hand in terms of a QAPI type:
///
/// ```
/// use qapi_core::{Error, Input, QapiType, Result, Type};
///
/// /// A network address, written as a string.
/// struct Address(std::net::IpAddr);
///
/// impl serde::Serialize for Address {
///     fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
///         serializer.collect_str(&self.0)
///     }
/// }
///
/// impl QapiType for Address {
///     fn schema_type() -> Type {
///         String::schema_type()
///     }
///
///     fn visit(input: Input<'_, '_>) -> Result<Self> {
///         let text = input.string()?;
///         text.parse().map(Self).map_err(|_| input.value_error(text))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a QAPI type",
    label = "not a QAPI type",
    note = "annotate it with `#[qapi_struct]`, `#[qapi_enum]`, `#[qapi_union]` or \
            `#[qapi_alternate]`, or use a built-in type such as `String`, `bool`, `i64`, `u64`, \
            `f64` or `Vec<T>`"
)]
pub trait QapiType: Serialize + Sized {
    /// The type in the schema.
    fn schema_type() -> Type;

    /// Reads and checks a value.
    ///
    /// # Errors
    /// The value is not of this type. The message is that of QEMU.
    fn visit(input: Input<'_, '_>) -> Result<Self>;

    /// Writes the value. Generated code calls this method instead of [`Serialize::serialize`], so
    /// that the compiler reports a type without both traits only once.
    #[doc(hidden)]
    fn serialize_value<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

/// A value that is serialised by [`QapiType::serialize_value`].
pub(crate) struct Value<'a, T>(pub(crate) &'a T);

impl<T: QapiType> Serialize for Value<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_value(serializer)
    }
}

/// Writes a member to `map`.
///
/// # Errors
/// The value cannot be serialised; the error names the member.
pub(crate) fn serialize_entry<T: QapiType, M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    value: &T,
) -> Result<(), M::Error> {
    map.serialize_entry(name, &Value(value)).map_err(|error| in_member(name, &error))
}

/// The error of a value in the member `name`.
#[cold]
fn in_member<E: serde::ser::Error>(name: &str, error: &E) -> E {
    E::custom(format_args!("member '{name}': {error}"))
}

/// A QAPI enumeration. The type of a discriminator must be one. Only `#[qapi_enum]` implements this
/// trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a QAPI enum",
    label = "cannot select the branch of a union",
    note = "annotate it with `#[qapi_enum]`"
)]
pub trait QapiEnum: QapiType + Sealed<EnumKind> {
    /// The variants of the Rust enum.
    #[doc(hidden)]
    const VARIANTS: &'static [&'static str];

    /// The value of each variant, without the values of other crates.
    #[doc(hidden)]
    const VALUES: &'static [&'static str];
}

/// A QAPI struct or union: an object whose members can also be members of another object. Only
/// `#[qapi_struct]` and `#[qapi_union]` implement this trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a QAPI struct or union",
    label = "its members cannot be members of another object",
    note = "annotate it with `#[qapi_struct]` or `#[qapi_union]`"
)]
pub trait QapiObject: QapiType + Sealed<ObjectKind> {
    /// [`schema_type`](QapiType::schema_type), where only an object is allowed.
    #[doc(hidden)]
    fn object_type() -> Type {
        Self::schema_type()
    }

    /// Reads the members of this type from an object that may have further ones.
    ///
    /// # Errors
    /// A member is absent or its value is refused.
    fn visit_members(object: &mut ObjectVisitor<'_, '_>) -> Result<Self>;

    /// Writes the members, without the braces around them.
    ///
    /// # Errors
    /// The errors of `map`.
    fn serialize_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// The branches of a union: an enum with `#[qapi_union]`. The struct of the union has the common
/// members.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the branches of a QAPI union",
    label = "not the branches of a union",
    note = "annotate the enum with `#[qapi_union(tag = TheDiscriminatorsEnum)]`"
)]
pub trait QapiBranches: Sized + Sealed<BranchesKind> {
    /// The enumeration whose values select the branch.
    type Tag: QapiEnum;

    /// The shape of the member that selects the branch.
    #[doc(hidden)]
    const TAG_SHAPE: MemberShape = <Self::Tag as MemberType<'_>>::SHAPE;

    /// The branches, one for each value that adds members.
    fn branches() -> &'static [Branch];

    /// The value that selects this branch.
    fn tag(&self) -> Self::Tag;

    /// Reads the member `name` of `object`, which selects the branch.
    ///
    /// # Errors
    /// The member is absent or its value is refused.
    fn visit_tag(object: &mut ObjectVisitor<'_, '_>, name: &'static str) -> Result<Self::Tag> {
        object.member(name)
    }

    /// Writes the member `name`, which selects the branch.
    ///
    /// # Errors
    /// The errors of `map`.
    fn serialize_tag<M: SerializeMap>(
        &self,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        map.serialize_entry(name, &self.tag())
    }

    /// Reads the members that the value `tag` adds.
    ///
    /// # Errors
    /// A member is absent or its value is refused.
    fn visit_branch(tag: Self::Tag, object: &mut ObjectVisitor<'_, '_>) -> Result<Self>;

    /// Writes the members of the branch, without the discriminator.
    ///
    /// # Errors
    /// The errors of `map`.
    fn serialize_branch<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// An event: a struct with a name under which it is emitted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a QAPI event",
    label = "cannot be emitted",
    note = "annotate it with `#[qapi_event]`"
)]
pub trait QapiEvent: Sized {
    /// The event in the schema.
    const DEFINITION: &'static Definition;

    /// The value of the member that is the key of the rate limit. Events with different values have
    /// different periods. Events without a key share one period.
    fn rate_limit_key(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Whether this event is sent at once in spite of the rate limit.
    fn is_exempt(&self) -> bool {
        false
    }

    /// Reads the members of the data, in a client that received the event.
    ///
    /// # Errors
    /// A member is absent or its value is refused.
    fn visit_members(object: &mut ObjectVisitor<'_, '_>) -> Result<Self>;

    /// Writes the members of the data, without the braces around them.
    ///
    /// # Errors
    /// The errors of `map`.
    fn serialize_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// Seals a trait of the given kind. Expansions implement it; it is not for use by hand.
pub trait Sealed<Kind> {}

/// Seals [`QapiEnum`].
#[derive(Debug)]
pub enum EnumKind {}

/// Seals [`QapiObject`].
#[derive(Debug)]
pub enum ObjectKind {}

/// Seals [`QapiBranches`].
#[derive(Debug)]
pub enum BranchesKind {}
