//! One client.

use std::io::{self, IoSlice};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::Mutex;

use crate::export::Export;
use crate::socket::Socket;
use crate::tls::Channel;

/// A connection. It ends for all of its threads when [`Connection::shut_down`] is called.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: Socket,
    /// The encryption, once it has begun.
    tls: OnceLock<Channel>,
    /// The export, from the client's choice to the end of the connection.
    export: Mutex<Option<Arc<Export>>>,
}

impl Connection {
    pub(crate) fn new(socket: Socket) -> Self {
        Connection { socket, tls: OnceLock::new(), export: Mutex::default() }
    }

    /// Reads at least one byte, or none at the end of the input.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.tls.get() {
            None => self.socket.read(buffer),
            Some(tls) => tls.read(&self.socket, buffer),
        }
    }

    /// Writes all bytes. The caller excludes other writers.
    pub(crate) fn write_all(&self, slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        match self.tls.get() {
            None => self.socket.write_all(slices),
            Some(tls) => tls.write_all(&self.socket, slices),
        }
    }

    /// Encrypts all later reads and writes.
    pub(crate) fn encrypt(&self, channel: Channel) {
        // A connection begins to encrypt once, before it has other threads.
        let _ = self.tls.set(channel);
    }

    /// Lets reads and writes fail from `deadline` on.
    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) -> io::Result<()> {
        self.socket.set_deadline(deadline)
    }

    /// Whether the client has closed the connection, although this may not have been read yet.
    pub(crate) fn has_hung_up(&self) -> bool {
        self.socket.has_hung_up()
    }

    /// Ends the connection.
    pub(crate) fn shut_down(&self) {
        self.socket.shut_down();
    }

    /// Notes the export that the client uses.
    pub(crate) fn choose(&self, export: Arc<Export>) {
        // A client chooses once: the handshake ends with it.
        *self.export.lock() = Some(export);
    }

    /// Ends the use of the export. The caller drops the result, which may close the export, without
    /// a lock.
    pub(crate) fn release_export(&self) -> Option<Arc<Export>> {
        self.export.lock().take()
    }

    /// Whether the client uses an export.
    pub(crate) fn uses(&self, export: &Arc<Export>) -> bool {
        self.export.lock().as_ref().is_some_and(|used| Arc::ptr_eq(used, export))
    }
}
