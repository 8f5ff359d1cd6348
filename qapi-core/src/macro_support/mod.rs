//! The items that generated code uses. They change without notice.

pub use core::convert::{From, TryFrom};
pub use core::default::Default;
pub use core::fmt::{self, Display, Formatter};
pub use core::option::Option::{self, None, Some};
pub use core::primitive::{bool, str, u8, usize};
pub use core::result::Result::{Err, Ok};
pub use std::borrow::ToOwned;
pub use std::path::PathBuf;
pub use std::string::String;
pub use std::vec::Vec;

pub use inventory;
pub use serde::ser::{Serialize, SerializeMap, Serializer};

pub use crate::__qapi_source as source;
pub use crate::__qapi_submit as submit;

pub use crate::call::handler::{
    AsyncCall, BlockingCall, Context, Handler, Registration, ReturnWriter,
    async_command_must_be_send,
};
pub use crate::call::session::SessionContext;
pub use crate::call::state::OobSafe;
pub use crate::error::{Error, ErrorReply, Result};
pub use crate::schema::definition::call::{
    Arguments, Command, Deadline, Declaration, Event, RateLimit,
};
pub use crate::schema::definition::enum_::{Enum, EnumExtension, EnumValue};
pub use crate::schema::definition::object::{
    Alternate, AlternateMember, Branch, Member, MemberShape, Struct, Union,
};
pub use crate::schema::definition::reference::Reference;
pub use crate::schema::definition::type_::Type;
pub use crate::schema::definition::{
    Definition, DefinitionKind, Feature, Part, Section, SectionKind, Source,
};
pub use crate::schema::view::MessageFormat;
pub use crate::types::command::{CommandResult, CommandReturn, QapiCommand, RawArguments};
pub use crate::types::encoded::{
    Base64, EncodedMember, Microseconds, Milliseconds, Nanoseconds, Seconds,
};
pub use crate::types::fd::FdParameter;
pub use crate::types::member::MemberType;
pub use crate::types::open::{OpenValue, QapiOpenEnum};
pub use crate::types::tagged::serialize_tagged_base;
pub use crate::types::{
    BranchesKind, EnumKind, ObjectKind, QapiBranches, QapiEnum, QapiEvent, QapiObject, QapiType,
    Sealed,
};
pub use crate::visitor::Input;
pub use crate::visitor::object::ObjectVisitor;
pub use crate::wire::value::Kind;
pub use branches::{need_every_branch, value_of_branch};
pub use elided::ElidedReturn;
pub use error_stub::{
    STUB_DEFINITION, error_stub_enum, error_stub_event, error_stub_type, stub_called,
};

mod branches;
mod elided;
mod error_stub;

/// The name of the words in `#[qapi(…)]` as an attribute. Such an attribute above one of this crate
/// has no meaning, and the expansion of the latter reports it. It imports this module too, so that
/// the compiler does not report an unknown attribute.
pub mod misplaced {
    pub use qapi_macros::qapi;
}

use std::sync::Arc;

use crate::schema::definition::call::StateRequirement;
use crate::schema::definition::type_::{Builtin, JsonKind};
use crate::schema::view;

/// The source location of the annotation that the macro expands.
#[doc(hidden)]
#[macro_export]
macro_rules! __qapi_source {
    () => {
        $crate::__private::Source {
            package: ::core::env!("CARGO_PKG_NAME"),
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
        }
    };
}

/// Adds a registration to the program's inventory.
#[doc(hidden)]
#[macro_export]
macro_rules! __qapi_submit {
    ($registration:expr) => {
        $crate::__private::inventory::submit!(
            // Cargo sets the variable for binaries.
            $registration.in_binary(::core::option_env!("CARGO_BIN_NAME").is_some())
        );
    };
}

/// A type of state that commands can take by injection.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the state of a server",
    label = "cannot be shared between threads",
    note = "calls share state: its type is `Send`, `Sync` and `'static`; put mutable data into a \
            `Mutex` or an atomic"
)]
pub trait State: Sized + 'static {
    /// The requirement of a command that takes this state.
    const REQUIREMENT: StateRequirement = StateRequirement::of::<Self>();

    /// Borrows the state for one call.
    fn lend<'a>(context: &Context<'a>) -> Result<&'a Self>;

    /// Shares the state with a call that outlives the dispatch.
    fn share(context: &Context<'_>) -> Result<Arc<Self>>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> State for T {
    fn lend<'a>(context: &Context<'a>) -> Result<&'a Self> {
        context.state()
    }

    fn share(context: &Context<'_>) -> Result<Arc<Self>> {
        context.shared_state()
    }
}

/// A type with a default value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default value",
    label = "no default value",
    note = "write `default = value`, or implement `Default` for it"
)]
pub trait HasDefault: Default {}

#[diagnostic::do_not_recommend]
impl<T: Default> HasDefault for T {}

/// The value of an absent member of type `T`.
pub fn need_default<T: HasDefault>() -> T {
    T::default()
}

/// Reads an object with the members of `T` and no others.
pub fn visit_object<T: QapiObject>(input: Input<'_, '_>) -> Result<T> {
    let mut object = input.object()?;
    let value = T::visit_members(&mut object)?;
    object.finish()?;
    Ok(value)
}

/// Writes an object with the members of `T` and no others.
pub fn serialize_object<T: QapiObject, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    value.serialize_members(&mut map)?;
    map.end()
}

/// Reads a value of an enumeration; `value_of` finds it by name.
pub fn visit_enum<T>(
    input: Input<'_, '_>,
    value_of: impl FnOnce(&str) -> Option<T>,
) -> Result<T> {
    let text = input.string()?;
    value_of(text).ok_or_else(|| input.value_error(text))
}

/// Like [`visit_enum`], for an enumeration with values that a server may refuse: values that are
/// newer than the enumeration, deprecated or unstable.
pub fn visit_marked_enum<T>(
    input: Input<'_, '_>,
    definition: &'static Definition,
    value_of: impl FnOnce(&str) -> Option<T>,
) -> Result<T> {
    let value = visit_enum(input, value_of)?;
    input.admit_value(definition, input.string()?)?;
    Ok(value)
}

/// Like [`visit_marked_enum`], for an open enumeration; `value_of` finds its own values. A value
/// that a server sent need not be known to this program.
pub fn visit_open_enum<E: QapiOpenEnum>(
    input: Input<'_, '_>,
    definition: &'static Definition,
    value_of: impl FnOnce(&str) -> Option<E>,
) -> Result<E> {
    let unknown = |name: &str| input.is_from_server().then(|| OpenValue::unknown(name)).flatten();
    let added = |name: &str| OpenValue::find(name).or_else(|| unknown(name)).map(E::added);
    visit_marked_enum(input, definition, |name| value_of(name).or_else(|| added(name)))
}

/// Whether the JSON text that this thread is rendering omits the member `name` of `owner`.
pub fn is_omitted(owner: &'static Definition, name: &str) -> bool {
    view::is_omitted(owner, name)
}

/// Whether the release that the server presents has the alternative `name` of `owner`.
pub fn has_alternative(input: Input<'_, '_>, owner: &'static Definition, name: &str) -> bool {
    input.has_alternative(owner, name)
}

/// Whether an alternative of type `ty` accepts a value of JSON type `kind`.
pub fn takes(ty: Type, kind: Kind) -> bool {
    match ty.json_kind() {
        JsonKind::String => kind == Kind::String,
        JsonKind::Number | JsonKind::Int => kind == Kind::Number,
        JsonKind::Boolean => kind == Kind::Bool,
        JsonKind::Null => kind == Kind::Null,
        JsonKind::Object => kind == Kind::Object,
        JsonKind::Array => kind == Kind::Array,
        JsonKind::Value => matches!(ty, Type::Builtin(Builtin::Any)),
    }
}

/// Boxes a call that may block; `write` renders its return value.
pub fn blocking_call<R: 'static>(
    format: MessageFormat,
    write: fn(R, &mut ReturnWriter<'_>) -> Result<()>,
    call: impl FnOnce() -> R + Send + 'static,
) -> BlockingCall {
    Box::new(move || ReturnWriter::render(call(), &format, write))
}

/// The key of a rate limit as JSON text. Different values have different texts. A key that cannot
/// be serialised shares the period of an absent key.
pub fn rate_limit_key<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
