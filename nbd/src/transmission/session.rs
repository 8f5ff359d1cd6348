//! A client that uses an export.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::Mutex;

use super::reply::Writer;
use crate::connection::Connection;
use crate::disk::Disk;
use crate::export::Export;
use crate::handshake::{Context, ReplyForm};
use crate::reader::Reader;
use crate::shared::Shared;

/// A client that uses an export.
pub(super) struct Session<'a> {
    pub(super) shared: &'a Shared,
    pub(super) connection: Arc<Connection>,
    pub(super) writer: Writer,
    pub(super) export: Arc<Export>,
    /// The size of the disk in bytes at the beginning. The client cannot learn of another one.
    pub(super) size: u64,
    pub(super) form: ReplyForm,
    pub(super) contexts: Vec<Context>,
    pub(super) input: Mutex<Input>,
    /// The threads that wait for the input.
    pub(super) waiting: AtomicUsize,
    pub(super) workers: AtomicUsize,
}

/// The input, which the thread that reads a request locks.
pub(super) struct Input {
    pub(super) reader: Reader,
    /// Why there are no more requests.
    pub(super) end: Option<io::Result<()>>,
}

impl Session<'_> {
    pub(super) fn disk(&self) -> &dyn Disk {
        &*self.export.disk
    }
}
