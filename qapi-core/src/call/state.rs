//! The state of a server that its commands use.

use std::any::{Any, TypeId, type_name};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, AtomicU64, AtomicUsize};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::schema::definition::call::StateRequirement;

/// The state of one server: a map from a type to the one value of that type.
#[derive(Default, Clone)]
pub struct StateMap {
    by_type: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    /// The types of which more than one state was added.
    repeated: Vec<&'static str>,
}

impl StateMap {
    /// Adds `state`. Adding a second state of a type is an error that
    /// [`Service::new`](crate::Service::new) reports.
    pub fn insert<T: Send + Sync + 'static>(&mut self, state: Arc<T>) {
        match self.by_type.entry(TypeId::of::<T>()) {
            Entry::Vacant(place) => drop(place.insert(state)),
            Entry::Occupied(_) => self.repeated.push(type_name::<T>()),
        }
    }

    /// Replaces the state of its type by `state`.
    pub(crate) fn replace<T: Send + Sync + 'static>(&mut self, state: Arc<T>) {
        self.by_type.insert(TypeId::of::<T>(), state);
    }

    /// The names of the types of which more than one state was added. A name occurs once for each
    /// further state.
    pub fn repeated(&self) -> &[&'static str] {
        &self.repeated
    }

    /// Whether there is a state of the type that `type_id` identifies.
    pub fn contains(&self, type_id: TypeId) -> bool {
        self.by_type.contains_key(&type_id)
    }

    /// The state of type `T`, if there is one.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.by_type.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// A shared reference to the state of type `T`, if there is one.
    pub fn get_shared<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.by_type.get(&TypeId::of::<T>())?).downcast().ok()
    }
}

impl std::fmt::Debug for StateMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StateMap").field(&self.by_type.len()).finish()
    }
}

/// A type of state that is safe for commands that run out of band.
///
/// An out-of-band command runs while another command blocks its session, and must not block (QAPI
/// code generator documentation, "Commands", `allow-oob`): its function returns quickly, waits for
/// nothing that takes time, and takes no lock that another function holds for long. The server
/// cannot check these rules. An implementation of this trait promises that every method of the type
/// returns quickly under any load.
///
/// The framework's own state and the common atomics of the standard library implement this trait.
///
/// ```
/// use qapi_core::{OobSafe, qapi_command, qapi_struct};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// The number of bytes copied so far. It has no lock.
/// #[derive(Default)]
/// struct Copied(AtomicU64);
///
/// impl OobSafe for Copied {}
///
/// /// The progress of a copy.
/// #[qapi_struct]
/// struct CopiedInfo {
///     /// How many bytes.
///     bytes: u64,
/// }
///
/// /// Returns how much has been copied.
/// #[qapi_command(allow_oob)]
/// fn query_copied(#[qapi(state)] copied: &Copied) -> CopiedInfo {
///     CopiedInfo { bytes: copied.0.load(Ordering::Relaxed) }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not declared safe for out-of-band commands",
    label = "its use may take time",
    note = "if every use returns quickly and waits for no long lock, write \
            `impl qapi_core::OobSafe for {Self} {{}}`; otherwise remove `allow_oob`"
)]
pub trait OobSafe: Sized + Send + Sync + 'static {
    /// The requirement of a command that takes this state.
    #[doc(hidden)]
    const REQUIREMENT: StateRequirement = StateRequirement::of::<Self>();
}

macro_rules! safe {
    ($($ty:ty: $why:literal;)*) => {$(
        #[doc = $why]
        impl OobSafe for $ty {}
    )*};
}

safe! {
    AtomicBool: "It has no lock.";
    AtomicI32: "It has no lock.";
    AtomicI64: "It has no lock.";
    AtomicU32: "It has no lock.";
    AtomicU64: "It has no lock.";
    AtomicUsize: "It has no lock.";
}
