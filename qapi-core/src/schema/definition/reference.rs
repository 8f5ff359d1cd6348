//! References between definitions.

use std::fmt;
use std::sync::OnceLock;

/// A reference to data of the schema that may be defined later, or contain the reference itself.
///
/// An annotation refers by function, so that the compiler builds every definition whole. A program
/// that reads definitions from a file refers by place, and fills each place once.
///
/// ```
/// use std::sync::OnceLock;
/// use qapi_core::schema::definition::{Builtin, Type, TypeRef};
///
/// const STR: TypeRef = TypeRef::by_function(|| Type::Builtin(Builtin::Str));
/// assert_eq!(STR.get().to_string(), "str");
///
/// static PLACE: OnceLock<Type> = OnceLock::new();
/// const LATER: TypeRef = TypeRef::by_place(&PLACE);
/// PLACE.set(Type::Array(STR)).expect("the place is empty");
/// assert_eq!(LATER.get().to_string(), "[str]");
/// ```
pub struct Reference<T: 'static>(Target<T>);

enum Target<T: 'static> {
    Function(fn() -> T),
    Place(&'static OnceLock<T>),
}

impl<T: Copy> Reference<T> {
    /// The data that a function returns. The function returns the same data on each call.
    pub const fn by_function(function: fn() -> T) -> Self {
        Self(Target::Function(function))
    }

    /// The data at a place, which is filled before the reference is used.
    pub const fn by_place(place: &'static OnceLock<T>) -> Self {
        Self(Target::Place(place))
    }

    /// The data.
    ///
    /// # Panics
    /// Panics if the place of the data is empty.
    pub fn get(self) -> T {
        match self.0 {
            Target::Function(function) => function(),
            Target::Place(place) => {
                *place.get().expect("the places of a schema are filled before their use")
            }
        }
    }
}

impl<T> Clone for Reference<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Reference<T> {}

impl<T> Clone for Target<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Target<T> {}

/// Does not follow the reference, because a type can contain itself.
impl<T> fmt::Debug for Reference<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reference").finish_non_exhaustive()
    }
}
