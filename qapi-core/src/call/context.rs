//! The surroundings of one call: the server's state, and the session of the caller.

use std::any::{Any, TypeId, type_name};
use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::call::session::SessionContext;
use crate::error::{Error, Result};
use crate::messages;

/// The state of one server: a map from a type to the one value of that type.
#[derive(Default, Clone)]
pub struct StateMap {
    by_type: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    /// The types of which there was more than one.
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

    /// The names of the types of which more than one was added, once for each further state.
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

/// The surroundings of one call.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    session: &'a Arc<SessionContext>,
    states: &'a StateMap,
}

impl<'a> Context<'a> {
    /// The surroundings of a call from `session`, to a server that has `states`.
    pub fn new(session: &'a Arc<SessionContext>, states: &'a StateMap) -> Self {
        Self { session, states }
    }

    /// The session that the call came from.
    pub fn session(&self) -> &'a SessionContext {
        self.session
    }

    /// A shared reference to the session that the call came from.
    pub fn shared_session(&self) -> Arc<SessionContext> {
        Arc::clone(self.session)
    }

    /// The state of type `T`.
    ///
    /// # Errors
    /// The server has no such state. A running server has all state that its commands require.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<&'a T> {
        self.states.get().ok_or_else(missing_state::<T>)
    }

    /// A shared reference to the state of type `T`.
    ///
    /// # Errors
    /// The server has no such state. A running server has all state that its commands require.
    pub fn shared_state<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        self.states.get_shared().ok_or_else(missing_state::<T>)
    }
}

fn missing_state<T>() -> Error {
    messages::missing_state(type_name::<T>())
}
