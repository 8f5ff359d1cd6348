//! The session of a caller, as the functions behind commands see it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use crate::call::fds::SessionFds;
use crate::call::peer::Peer;
use crate::call::state::StateMap;
use crate::error::Result;
use crate::messages;
use crate::pattern::{NamePattern, any_matches};
use crate::schema::definition::Part;
use crate::wait_queue::WaitQueue;

/// The commands that clients may execute: a policy, which this module does not know.
pub(crate) trait CommandPermissions: std::fmt::Debug + Send + Sync {
    /// Whether `peer` may execute `command`.
    fn may_execute(&self, peer: Option<&Peer>, command: &Part) -> bool;

    /// Whether `peer` may not execute some command.
    fn restricts(&self, peer: Option<&Peer>) -> bool;
}

/// The session of a caller: its peer, its negotiated capabilities and its file descriptors.
///
/// A function gets it by a parameter `#[qapi(session)] session: &SessionContext`.
#[derive(Debug)]
pub struct SessionContext {
    id: u64,
    peer: Option<Peer>,
    negotiated: AtomicBool,
    oob: AtomicBool,
    closed: AtomicBool,
    fds: SessionFds,
    /// The name of the listener that accepted the client.
    listener: Option<Arc<str>>,
    /// The commands that the client may execute; `None` for all.
    permissions: Option<Arc<dyn CommandPermissions>>,
    /// Made at the first use, as most sessions need none of it.
    parts: OnceLock<Box<Parts>>,
}

/// The parts of a session that few sessions use.
#[derive(Debug, Default)]
struct Parts {
    closed: WaitQueue,
    data: Mutex<StateMap>,
    /// The events that the client chose; `None` for all.
    event_patterns: RwLock<Option<Vec<NamePattern>>>,
}

impl SessionContext {
    pub(crate) fn new(
        id: u64,
        peer: Option<Peer>,
        listener: Option<Arc<str>>,
        permissions: Option<Arc<dyn CommandPermissions>>,
    ) -> Self {
        Self {
            id,
            peer,
            negotiated: AtomicBool::new(false),
            oob: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            fds: SessionFds::default(),
            listener,
            permissions,
            parts: OnceLock::new(),
        }
    }

    /// A number that no other session of this server has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The client, where the transport identifies it: a unix socket and vsock do.
    pub fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// Whether the policy for this session permits the command. The registry decides whether the
    /// server has the command at all.
    #[inline]
    pub fn may_execute(&self, command: &Part) -> bool {
        self.permissions.as_ref().is_none_or(|policy| policy.may_execute(self.peer(), command))
    }

    /// Whether the policy for this session refuses any command.
    pub(crate) fn is_restricted(&self) -> bool {
        self.permissions.as_ref().is_some_and(|policy| policy.restricts(self.peer()))
    }

    /// The name of the listener that accepted the client; see
    /// [`Listener::name`](crate::Listener::name). `None` for a session without a listener.
    pub fn listener(&self) -> Option<&str> {
        self.listener.as_deref()
    }

    /// The data of type `T` of this session. The first call for a type creates the default value.
    /// The data live as long as the session, or as long as a call that has them.
    ///
    /// ```
    /// use qapi_core::prelude::*;
    /// use std::sync::Mutex;
    ///
    /// /// The disk that the client has selected.
    /// #[derive(Default)]
    /// struct Selected(Mutex<Option<String>>);
    ///
    /// /// Selects a disk for later commands of the same client.
    /// #[qapi_command]
    /// fn disk_select(#[qapi(session)] session: &SessionContext, id: &str) {
    ///     if let Ok(mut selected) = session.data::<Selected>().0.lock() {
    ///         *selected = Some(id.to_owned());
    ///     }
    /// }
    /// ```
    pub fn data<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.data_or_insert_with(T::default)
    }

    /// The data of type `T` of this session, created by `create` at the first call for the type.
    pub fn data_or_insert_with<T: Send + Sync + 'static>(
        &self,
        create: impl FnOnce() -> T,
    ) -> Arc<T> {
        // Nothing that can panic runs under the lock, so that poison is ignored.
        let lock = || self.parts().data.lock().unwrap_or_else(PoisonError::into_inner);
        let found = lock().get_shared();
        found.unwrap_or_else(|| {
            let created = Arc::new(create());
            let mut data = lock();
            data.get_shared().unwrap_or_else(|| {
                data.insert(Arc::clone(&created));
                created
            })
        })
    }

    /// Whether the client has disconnected, or the session has ended.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Waits until the client disconnects or the session ends. A function that serves a client for
    /// long, or a task that it started, can end then.
    ///
    /// The server notices a disconnect also while a call is in flight. A client that only closes
    /// its sending direction and still reads has not disconnected. The server can tell the two
    /// apart for unix sockets on Linux. For all other transports the end of the input counts as a
    /// disconnect.
    pub async fn closed(&self) {
        self.parts().closed.wait_until(|| self.is_closed()).await;
    }

    /// Records that the client has disconnected or the session has ended.
    pub(crate) fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.parts().closed.wake_all();
        }
    }

    /// Chooses the events that the client receives: those whose names match one of `patterns`.
    /// `None` chooses all events.
    pub fn choose_events(&self, patterns: Option<Vec<NamePattern>>) {
        *self.parts().event_patterns.write().unwrap_or_else(PoisonError::into_inner) = patterns;
    }

    /// Whether the client receives the events of this name.
    pub fn receives(&self, event: &str) -> bool {
        let Some(parts) = self.parts.get() else { return true };
        let patterns = parts.event_patterns.read().unwrap_or_else(PoisonError::into_inner);
        patterns.as_ref().is_none_or(|patterns| any_matches(patterns, event))
    }

    fn parts(&self) -> &Parts {
        self.parts.get_or_init(Box::default)
    }

    /// The file descriptors that the client has sent.
    pub fn fds(&self) -> &SessionFds {
        &self.fds
    }

    /// Whether capabilities have been negotiated.
    pub fn is_negotiated(&self) -> bool {
        self.negotiated.load(Ordering::Relaxed)
    }

    /// Whether commands may be executed out of band.
    pub fn is_oob(&self) -> bool {
        self.oob.load(Ordering::Relaxed)
    }

    /// Ends the negotiation of capabilities.
    ///
    /// # Errors
    /// The negotiation ended before.
    pub fn negotiate(&self) -> Result<()> {
        if self.negotiated.swap(true, Ordering::Relaxed) {
            return Err(messages::already_negotiated());
        }
        Ok(())
    }

    /// Enables out-of-band execution.
    pub(crate) fn enable_oob(&self) {
        self.oob.store(true, Ordering::Relaxed);
    }
}
