//! The state that the threads of a server share.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::connection::Connection;
use crate::export::Export;
use crate::memory::Budget;
use crate::socket::Acceptor;
use crate::tls::TlsOptions;

/// The memory for requests of all clients in bytes, besides 64 KiB for each connection.
const MEMORY: usize = 40 << 20;

/// The limits of a server, and whether its clients need TLS.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// The largest number of clients at the same time. Further clients wait. 0 means any number.
    pub max_connections: u32,
    /// The time in which a client has to choose an export. `None` means any time.
    pub handshake_timeout: Option<Duration>,
    /// The size of the stacks of threads that call the disks, in bytes.
    pub stack_size: usize,
    /// TLS, which all clients then have to use.
    pub tls: Option<TlsOptions>,
}

impl Default for ServerOptions {
    /// 100 clients and 10 seconds, as in QEMU, stacks of 512 KiB, and no TLS.
    fn default() -> Self {
        ServerOptions {
            max_connections: 100,
            handshake_timeout: Some(Duration::from_secs(10)),
            stack_size: 512 << 10,
            tls: None,
        }
    }
}

/// The state that the threads of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: ServerOptions,
    pub(crate) budget: Arc<Budget>,
    pub(crate) acceptor: Acceptor,
    pub(crate) state: Mutex<State>,
    /// Notified when a client leaves, and when the server stops.
    pub(crate) changed: Condvar,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// In the order in which they were added.
    pub(crate) exports: Vec<Arc<Export>>,
    pub(crate) connections: Vec<Arc<Connection>>,
    pub(crate) stopped: bool,
}

impl Shared {
    pub(crate) fn new(acceptor: Acceptor, options: ServerOptions) -> Arc<Self> {
        Arc::new(Shared {
            options,
            budget: Budget::new(MEMORY),
            acceptor,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// The exports, in the order in which they were added.
    pub(crate) fn exports(&self) -> Vec<Arc<Export>> {
        self.state.lock().exports.clone()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Export>> {
        self.state.lock().exports.iter().find(|export| export.name == name).cloned()
    }

    /// Lets a connection use an export, unless the export has been removed meanwhile.
    pub(crate) fn choose(&self, connection: &Connection, export: &Arc<Export>) -> bool {
        let state = self.state.lock();
        let is_served = state.exports.iter().any(|known| Arc::ptr_eq(known, export));
        if is_served {
            connection.choose(Arc::clone(export));
        }
        is_served
    }

    /// Removes a connection that has ended.
    pub(crate) fn forget(&self, connection: &Arc<Connection>) {
        let mut state = self.state.lock();
        let position = state.connections.iter().position(|known| Arc::ptr_eq(known, connection));
        let forgotten = position.map(|position| state.connections.swap_remove(position));
        self.changed.notify_all();
        drop(state);
        drop(forgotten);
    }
}
