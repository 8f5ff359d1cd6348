//! Checks values against their types, in QEMU's order and with QEMU's messages.
//!
//! Generated code visits a [`Value`] through an [`Input`], which has the path to the value, and an
//! object through an [`ObjectVisitor`], which records the members that were visited. Members are
//! visited in schema order, base before branch, and the first error ends the visit. The end of an
//! object's visit reports a member that was not visited.

pub(crate) mod allocated;
pub(crate) mod object;
mod path;
mod size;

pub use object::ObjectVisitor;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::memory_budget::Account;
use crate::messages;
use crate::schema::definition::Definition;
use crate::schema::view::View;
use crate::wire::number::Number;
use crate::wire::value::{Kind, Value};
use allocated::Allocated;
use path::Path;

/// The most values that may contain a value of a type that contains itself.
///
/// Visits recurse over such types, and so do the drop and the clone of the results, at up to
/// 10 KiB of stack for each value (unoptimized). The limit is checked before the next step of the
/// recursion. It is above the 200 nodes that the deepest values of QEMU's schema describe in
/// practice (`BlockdevOptions` in `block-core.json`). Types that do not contain themselves have no
/// need of a limit: the type bounds the depth.
pub const MAX_VISIT_DEPTH: usize = 256;

/// The notation of scalars in the visited value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scalars {
    /// As JSON writes them.
    #[default]
    Json,
    /// As strings, as in `key=value,…` on a command line.
    Keyval,
}

/// What a visit does with members that the type does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnknownMembers {
    /// Refuses them, as in the arguments of a command.
    Refuse,
    /// Ignores them, as in the messages of a server, which may be newer than the client (QMP
    /// specification, "Compatibility Considerations").
    Ignore,
}

/// The options of a visit, the same for all values within.
#[derive(Debug)]
pub(crate) struct VisitOptions {
    scalars: Scalars,
    /// The parts of the schema that the values may use.
    view: View,
    unknown_members: UnknownMembers,
    allocated: Allocated,
}

static JSON: VisitOptions = VisitOptions::new(Scalars::Json, UnknownMembers::Refuse);
static KEYVAL: VisitOptions = VisitOptions::new(Scalars::Keyval, UnknownMembers::Refuse);
static FROM_SERVER: VisitOptions = VisitOptions::new(Scalars::Json, UnknownMembers::Ignore);

impl VisitOptions {
    const fn new(scalars: Scalars, unknown_members: UnknownMembers) -> Self {
        let allocated = Allocated::unlimited();
        Self { scalars, view: View::COMPLETE, unknown_members, allocated }
    }

    /// The options for values that one client sends. What the values allocate is charged to
    /// `account`.
    pub(crate) fn of_client(view: View, account: &Arc<Account>) -> Self {
        let (scalars, unknown_members) = (Scalars::Json, UnknownMembers::Refuse);
        let allocated = Allocated::charged_to(account);
        Self { scalars, view, unknown_members, allocated }
    }

    /// What the values that were visited have allocated.
    pub(crate) fn allocated(&self) -> &Allocated {
        &self.allocated
    }
}

/// A value to be checked, with the path that messages name.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a, 'm> {
    value: Value<'m>,
    path: &'a Path<'a>,
    options: &'a VisitOptions,
}

impl<'a, 'm> Input<'a, 'm> {
    /// A value at the top level: no other value contains it.
    pub fn new(value: Value<'m>) -> Self {
        Self::with_scalars(value, Scalars::Json)
    }

    /// As [`new`](Self::new), with scalars in another notation.
    pub fn with_scalars(value: Value<'m>, scalars: Scalars) -> Self {
        let options = match scalars {
            Scalars::Json => &JSON,
            Scalars::Keyval => &KEYVAL,
        };
        Self { value, path: &Path::Root, options }
    }

    /// A value that a server sent to a client. Members that the type does not have are ignored, as
    /// the server may be newer than the client.
    pub fn from_server(value: Value<'m>) -> Self {
        Self { value, path: &Path::Root, options: &FROM_SERVER }
    }

    /// Whether a server sent the value to a client.
    pub(crate) fn is_from_server(&self) -> bool {
        self.options.unknown_members == UnknownMembers::Ignore
    }

    /// The value itself.
    pub fn value(&self) -> Value<'m> {
        self.value
    }

    /// The JSON type of the value.
    pub fn kind(&self) -> Kind {
        self.value.kind()
    }

    /// Checks the depth of a value before a visit recurses into it.
    ///
    /// # Errors
    /// More than [`MAX_VISIT_DEPTH`] values contain the value.
    pub(crate) fn check_depth(&self) -> Result<()> {
        if self.path.depth() > MAX_VISIT_DEPTH {
            return Err(messages::nested_too_deep(MAX_VISIT_DEPTH));
        }
        Ok(())
    }

    /// The error that the value is not of the JSON type `expected`.
    pub fn type_error(&self, expected: &str) -> Error {
        messages::parameter_type(&self.path.to_string(), expected)
    }

    /// The error that the value does not fit `expected`; the text names the last member of the
    /// path.
    pub fn range_error(&self, expected: &str) -> Error {
        messages::parameter_expects(self.path.leaf(), expected)
    }

    /// The error that an enumeration has no value `value`; the text names the last member of the
    /// path.
    pub fn value_error(&self, value: &str) -> Error {
        messages::parameter_value(self.path.leaf(), value)
    }

    /// The error that no alternative of the alternate `name` accepts the value; the text names the
    /// last member of the path.
    pub fn alternate_error(&self, name: &str) -> Error {
        messages::parameter_type(self.path.leaf(), name)
    }

    /// Checks that a client may use `text`, one of the values of the enumeration `owner`.
    ///
    /// # Errors
    /// The release that is presented does not have the value, or the policy refuses it.
    pub(crate) fn admit_value(&self, owner: &'static Definition, text: &str) -> Result<()> {
        if self.options.view.admit_value(owner, text)? {
            Ok(())
        } else {
            Err(self.value_error(text))
        }
    }

    /// Whether the release that is presented has the alternative `name` of `owner`.
    pub(crate) fn has_alternative(&self, owner: &'static Definition, name: &str) -> bool {
        self.options.view.admits_alternative(owner, name)
    }

    /// The string.
    ///
    /// # Errors
    /// The value is of another type, or out of range.
    pub fn string(&self) -> Result<&'m str> {
        self.value.as_str().ok_or_else(|| self.type_error("string"))
    }

    /// The boolean.
    ///
    /// # Errors
    /// The value is of another type, or out of range.
    pub fn boolean(&self) -> Result<bool> {
        match self.options.scalars {
            Scalars::Json => self.value.as_bool().ok_or_else(|| self.type_error("boolean")),
            Scalars::Keyval => match self.string()? {
                "on" | "yes" | "true" | "y" => Ok(true),
                "off" | "no" | "false" | "n" => Ok(false),
                _ => Err(messages::parameter_expects(&self.path.to_string(), "'on' or 'off'")),
            },
        }
    }

    /// The signed integer.
    ///
    /// # Errors
    /// The value is of another type, or out of range.
    pub fn integer(&self) -> Result<i64> {
        match self.options.scalars {
            Scalars::Json => match self.value.number() {
                Some(Number::Int(number)) => Ok(number),
                Some(Number::UInt(_) | Number::Double(_)) | None => {
                    Err(self.type_error("integer"))
                }
            },
            Scalars::Keyval => keyval_integer(self.string()?)
                .and_then(|number| i64::try_from(number).ok())
                .ok_or_else(|| messages::parameter_expects(&self.path.to_string(), "integer")),
        }
    }

    /// The unsigned integer. As in QEMU, a negative integer becomes the unsigned integer with the
    /// same bits, for old clients.
    ///
    /// # Errors
    /// The value is of another type, or out of range.
    pub fn unsigned(&self) -> Result<u64> {
        let found = match self.options.scalars {
            Scalars::Json => match self.value.number() {
                Some(Number::Int(number)) => Some(number.cast_unsigned()),
                Some(Number::UInt(number)) => Some(number),
                Some(Number::Double(_)) | None => None,
            },
            Scalars::Keyval => keyval_integer(self.string()?).and_then(|number| {
                i64::try_from(number)
                    .map(i64::cast_unsigned)
                    .or_else(|_| u64::try_from(number))
                    .ok()
            }),
        };
        // QEMU has two texts for the same fault.
        let expected = match self.options.scalars {
            Scalars::Json => "uint64",
            Scalars::Keyval => "integer",
        };
        found.ok_or_else(|| messages::parameter_expects(&self.path.to_string(), expected))
    }

    /// The number of bytes.
    ///
    /// # Errors
    /// The value is of another type, or out of range.
    pub fn size(&self) -> Result<u64> {
        match self.options.scalars {
            Scalars::Json => self.unsigned(),
            Scalars::Keyval => size::parse(self.string()?).ok_or_else(|| {
                messages::parameter_expects(&self.path.to_string(), "a size value")
            }),
        }
    }

    /// The number as a double.
    ///
    /// # Errors
    /// The value is of another type, or out of range.
    pub fn number(&self) -> Result<f64> {
        match self.options.scalars {
            Scalars::Json => match self.value.number() {
                #[allow(clippy::cast_precision_loss, reason = "a QAPI number is a double")]
                Some(Number::Int(number)) => Ok(number as f64),
                #[allow(clippy::cast_precision_loss, reason = "a QAPI number is a double")]
                Some(Number::UInt(number)) => Ok(number as f64),
                Some(Number::Double(number)) => Ok(number),
                None => Err(self.type_error("number")),
            },
            Scalars::Keyval => self
                .string()?
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .ok_or_else(|| self.type_error("number")),
        }
    }

    /// Checks that the value is `null`.
    ///
    /// # Errors
    /// The value is not `null`.
    pub fn null(&self) -> Result<()> {
        match self.value.kind() {
            Kind::Null => Ok(()),
            Kind::Bool | Kind::Number | Kind::String | Kind::Array | Kind::Object => {
                Err(self.type_error("null"))
            }
        }
    }

    /// The elements of the array, each read by `visit`.
    ///
    /// # Errors
    /// The value is no array, or `visit` refuses an element.
    pub(crate) fn elements<T>(
        &self,
        visit: impl Fn(Input<'_, 'm>) -> Result<T>,
    ) -> Result<Vec<T>> {
        if self.value.kind() != Kind::Array {
            return Err(self.type_error("array"));
        }
        let mut visited = Vec::new();
        for (index, value) in self.value.elements().enumerate() {
            let path = Path::Element(self.path, index);
            let element = visit(Input { value, path: &path, ..*self })?;
            if visited.len() == visited.capacity() {
                let before = visited.capacity();
                visited.reserve(1);
                self.allocate((visited.capacity() - before) * size_of::<T>())?;
            }
            visited.push(element);
        }
        Ok(visited)
    }

    /// Counts `bytes` that the visitor of a value allocates.
    ///
    /// # Errors
    /// The arguments exceed what the client may use.
    pub(crate) fn allocate(&self, bytes: usize) -> Result<()> {
        self.options.allocated.add(bytes)
    }

    /// The members of the object.
    ///
    /// # Errors
    /// The value is no object.
    pub fn object(&self) -> Result<ObjectVisitor<'a, 'm>> {
        if self.value.kind() != Kind::Object {
            return Err(self.type_error("object"));
        }
        Ok(ObjectVisitor::new(Some(self.value), self.path, self.options))
    }
}

/// An integer on a command line: decimal, or hexadecimal after `0x`.
fn keyval_integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse::<u64>(),
    };
    let magnitude = i128::from(magnitude.ok()?);
    Some(if negative { -magnitude } else { magnitude })
}
