//! Open enumerations: other crates add values to them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use super::QapiEnum;
use crate::schema::definition::enum_::{EnumExtension, EnumValue};
use crate::schema::definition::type_::Type;
use crate::schema::definition::{Definition, Part};

/// A value that another crate adds to the open enumeration `E`.
///
/// The variant of `E` under `#[qapi(open)]` contains the value. The value is read from a message,
/// or converted from a value of the extending enum.
///
/// An enum under `extends = E` adds its values to `E`. Once the crate of that enum is linked, `E`
/// has the added values in arguments, replies, introspection and unions. A value of the
/// extending enum converts into `E`, and back by `TryFrom`. Give the names a vendor's prefix: a
/// program in which two crates add the same name does not start.
///
/// A client also receives values of crates that it does not link. Such a value has its name and no
/// documentation. A process stores up to 256 such names for each enum, of up to 256 bytes. A
/// further name is an error, like an unknown value of an enum that is not open.
///
/// ```standalone_crate
/// use qapi_core::{OpenValue, Registry, qapi_command, qapi_enum};
///
/// /// An operation on a disk.
/// #[qapi_enum(since = "1.0")]
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// pub enum DiskAction {
///     /// Copies it.
///     Copy,
///     /// A value that another crate adds.
///     #[qapi(open)]
///     Other(OpenValue<DiskAction>),
/// }
///
/// /// Performs an operation on a disk.
/// #[qapi_command]
/// fn disk_do(action: DiskAction) {
///     println!("{action}");
/// }
///
/// mod another_crate {
///     use qapi_core::qapi_enum;
///
///     /// Further operations on a disk.
///     #[qapi_enum(extends = super::DiskAction)]
///     pub enum MyDiskAction {
///         /// Listens to it.
///         #[qapi(name = "__org.example_listen")]
///         Listen,
///     }
/// }
///
/// /// A third crate adds a value that `DiskAction` already has.
/// #[qapi_enum(extends = DiskAction)]
/// enum TheirDiskAction {
///     /// Copies it in another way.
///     Copy,
/// }
///
/// fn main() {
///     let action = DiskAction::from(another_crate::MyDiskAction::Listen);
///     assert_eq!(action.to_string(), "__org.example_listen");
///     disk_do(action);
///
///     let error = Registry::collect().unwrap_err();
///     assert_eq!(error.conflicts().len(), 1);
///     assert_eq!(error.conflicts()[0].places().len(), 2);
///     let text = "the value `copy` is added to the enum `DiskAction`, which has the value `copy`";
///     assert!(error.to_string().contains(text));
///     # let _ = TheirDiskAction::Copy;
/// }
/// ```
pub struct OpenValue<E> {
    value: &'static EnumValue,
    of: PhantomData<fn() -> E>,
}

impl<E> OpenValue<E> {
    /// A value, as its annotation describes it.
    #[doc(hidden)]
    pub const fn new(value: &'static EnumValue) -> Self {
        Self { value, of: PhantomData }
    }

    /// The string on the wire.
    pub const fn as_str(&self) -> &'static str {
        self.value.part.name
    }

    /// The documentation of the value.
    pub const fn doc(&self) -> &'static str {
        self.value.part.doc
    }
}

impl<E: QapiOpenEnum> OpenValue<E> {
    /// All values that the program's crates add to `E`.
    pub fn all() -> impl Iterator<Item = Self> {
        let added = definition_of::<E>().into_iter().flat_map(EnumExtension::sorted);
        added.flat_map(|added| added.values).map(Self::new)
    }

    /// A value that no crate of this program adds, and that a server sent to a client. `None` if
    /// the name is too long, or if servers have sent too many names.
    pub(crate) fn unknown(name: &str) -> Option<Self> {
        let of = definition_of::<E>()?;
        // Nothing under the lock panics, so that poison is ignored.
        let mut unknown = UNKNOWN_VALUES.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = 0;
        for (_, value) in unknown.iter().filter(|(owner, _)| ptr::eq(*owner, of)) {
            if value.name == name {
                return Some(Self::new(value));
            }
            count += 1;
        }
        if name.len() > UNKNOWN_LENGTH_MAX || count == UNKNOWN_VALUES_MAX {
            return None;
        }
        let name: &'static str = Box::leak(name.into());
        let value: &'static EnumValue = Box::leak(Box::new(EnumValue::new(Part::new(name, ""))));
        unknown.push((of, value));
        Some(Self::new(value))
    }

    /// The value that is `name` on the wire.
    #[doc(hidden)]
    pub fn find(name: &str) -> Option<Self> {
        let added = definition_of::<E>().into_iter().flat_map(EnumExtension::of);
        let mut values = added.flat_map(|added| added.values);
        values.find(|value| value.name == name).map(Self::new)
    }
}

/// The values of [`OpenValue::unknown`], each with its enumeration. A value is `Copy` and has no
/// owner, so that its name is never freed.
static UNKNOWN_VALUES: Mutex<Vec<(&Definition, &EnumValue)>> = Mutex::new(Vec::new());

/// The number of unknown values of an enumeration. A server has some tens at most; the limit bounds
/// what a malicious server can make a client store.
const UNKNOWN_VALUES_MAX: usize = 256;

/// The longest name of an unknown value in bytes. Names of QAPI are shorter than 100 bytes.
const UNKNOWN_LENGTH_MAX: usize = 256;

fn definition_of<E: QapiOpenEnum>() -> Option<&'static Definition> {
    match E::schema_type() {
        Type::Defined(definition) => Some(definition),
        Type::Builtin(_) | Type::Array(_) => None,
    }
}

// Not derived, as a derived implementation would require `E: Clone`.
impl<E> Clone for OpenValue<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for OpenValue<E> {}

/// Values are equal if their names are.
impl<E> PartialEq for OpenValue<E> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<E> Eq for OpenValue<E> {}

impl<E> Hash for OpenValue<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl<E> fmt::Debug for OpenValue<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenValue").field(&self.as_str()).finish()
    }
}

impl<E> fmt::Display for OpenValue<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An open QAPI enumeration: other crates add values to it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an open QAPI enum",
    label = "cannot contain values of other crates",
    note = "an open enum has a variant `#[qapi(open)] Other(OpenValue<{Self}>)`"
)]
pub trait QapiOpenEnum: QapiEnum {
    /// [`schema_type`](super::QapiType::schema_type), where only an open enum is allowed.
    #[doc(hidden)]
    fn open_type() -> Type {
        Self::schema_type()
    }

    /// The value that another crate adds.
    fn added(value: OpenValue<Self>) -> Self;

    /// The string on the wire.
    fn name(&self) -> &'static str;
}
