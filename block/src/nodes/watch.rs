//! Watchers of the writes to a node, and the lock that blocks writes temporarily.
//!
//! Every write takes the node's lock shared. A [`Quiesced`](super::Quiesced) node has the lock
//! exclusively: no write is in flight, and no write begins. Then watchers can be registered, and
//! users of the node can move to another node. Without watchers, a write costs one uncontended
//! lock and two atomic operations.

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use tokio::sync::{OwnedRwLockWriteGuard, RwLock, RwLockReadGuard};

use super::write_extent::WriteExtent;
use crate::error::{Error, Result};
use crate::image::dirty_bitmaps::DirtyBitmaps;
use crate::image::watched::WriteObserver;

/// A write to a node.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// The offset of the first byte.
    pub offset: u64,
    /// The number of bytes.
    pub length: u64,
    /// The data; `None` for zeroes.
    pub data: Option<&'a [u8]>,
}

impl<'a> Write<'a> {
    pub(super) fn data(offset: u64, data: &'a [u8]) -> Self {
        Write { offset, length: data.len() as u64, data: Some(data) }
    }

    pub(super) fn zeroes(offset: u64, length: u64) -> Self {
        Write { offset, length, data: None }
    }
}

/// Intercepts the writes to a node.
pub trait WriteWatcher: Send + Sync + 'static {
    /// Carries out a write, which `perform` makes. Called on the thread of the writer, which waits,
    /// and concurrently with other writes. The watcher may write to other nodes, but not to the
    /// watched one.
    ///
    /// # Errors
    /// The error that the writer receives: in general, the one of `perform`.
    fn watch(&self, write: Write<'_>, perform: &mut dyn FnMut() -> Result<()>) -> Result<()>;
}

/// The watchers of a node, from the oldest to the newest. Dropped watchers are removed when the
/// next one is registered.
type Watchers = Vec<Weak<dyn WriteWatcher>>;

/// The lock that a node's writes take, and the bitmaps that record them. Clones are handles to the
/// same lock.
#[derive(Clone)]
pub(super) struct WriteLock {
    watchers: Arc<RwLock<Watchers>>,
    extent: Arc<WriteExtent>,
    bitmaps: Arc<DirtyBitmaps>,
}

impl WriteLock {
    pub(super) fn new(bitmaps: Arc<DirtyBitmaps>) -> Self {
        WriteLock { watchers: Arc::default(), extent: Arc::default(), bitmaps }
    }

    /// The bitmaps that record the writes.
    pub(super) fn bitmaps(&self) -> &Arc<DirtyBitmaps> {
        &self.bitmaps
    }

    /// Waits until writes are not blocked. Blocks the thread.
    pub(super) fn begin_write(&self) -> WriteGuard<'_> {
        // `blocking_read` panics on a thread of an async runtime, also if it need not wait.
        let watchers = self.watchers.try_read();
        let watchers = watchers.unwrap_or_else(|_| self.watchers.blocking_read());
        WriteGuard { watchers, extent: &self.extent, bitmaps: &self.bitmaps }
    }

    /// How far writes have reached, and the threshold.
    pub(super) fn extent(&self) -> &WriteExtent {
        &self.extent
    }
}

impl WriteLock {
    /// Waits for the writes in flight, and blocks others until the result is dropped.
    pub(super) async fn block_writes(&self) -> WritesBlocked {
        WritesBlocked(Arc::clone(&self.watchers).write_owned().await)
    }
}

/// Watchers also see the writes of nodes above, which write to the storage of the node.
impl WriteObserver for WriteLock {
    fn observe(
        &self,
        offset: u64,
        length: u64,
        data: Option<&[u8]>,
        perform: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        self.begin_write().observe(offset, length, data, perform)
    }
}

impl fmt::Debug for WriteLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteLock").finish_non_exhaustive()
    }
}

/// A shared lock of a node, under which a write is made.
pub(super) struct WriteGuard<'a> {
    watchers: RwLockReadGuard<'a, Watchers>,
    extent: &'a WriteExtent,
    bitmaps: &'a DirtyBitmaps,
}

impl WriteGuard<'_> {
    /// Makes a write of a storage with `perform`, through the watchers.
    pub(super) fn observe(
        &self,
        offset: u64,
        length: u64,
        data: Option<&[u8]>,
        perform: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        let write = Write { offset, length, data };
        self.run(write, &mut || Ok(perform()?)).map_err(system_error)
    }

    /// Makes a discard of a storage with `perform`, through the watchers. A node that ignores
    /// discards does not count it towards the threshold.
    pub(super) fn observe_discard(
        &self,
        (offset, length): (u64, u64),
        is_ignored: bool,
        perform: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        if !is_ignored {
            self.extent.begin_write(offset.saturating_add(length));
        }
        self.run_discard(Write::zeroes(offset, length), &mut || Ok(perform()?))
            .map_err(system_error)
    }

    /// Makes a write with `perform`, through the watchers.
    pub(super) fn run(
        &self,
        write: Write<'_>,
        perform: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let end = write.offset.saturating_add(write.length);
        self.extent.begin_write(end);
        let done = self.run_discard(write, perform);
        self.extent.end_write(end);
        done
    }

    /// As [`WriteGuard::run`], for a discard that is counted towards the threshold already.
    pub(super) fn run_discard(
        &self,
        write: Write<'_>,
        perform: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let done = run_through(&self.watchers, write, perform);
        // A failed write may have changed a part of the range. One that succeeds beyond the end
        // has grown a file.
        self.bitmaps.record(write.offset, write.length, done.is_ok());
        done
    }

    /// Counts a discard of a range towards the threshold, and records the range in the bitmaps.
    pub(super) fn begin_discard(&self, offset: u64, length: u64) {
        self.extent.begin_write(offset.saturating_add(length));
        self.bitmaps.record(offset, length, false);
    }
}

/// The error of a storage for an error of a node.
fn system_error(error: Error) -> io::Error {
    match error {
        Error::Io(source) => source,
        other => io::Error::other(other),
    }
}

/// Runs a write through the watchers, from the newest to the oldest.
fn run_through(
    watchers: &[Weak<dyn WriteWatcher>],
    write: Write<'_>,
    perform: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    let Some((newest, older)) = watchers.split_last() else { return perform() };
    match newest.upgrade() {
        Some(watcher) => watcher.watch(write, &mut || run_through(older, write, perform)),
        None => run_through(older, write, perform),
    }
}

/// The proof that no write is in flight and none begins.
pub(super) struct WritesBlocked(OwnedRwLockWriteGuard<Watchers>);

impl WritesBlocked {
    /// Registers a watcher for all later writes, until the watcher is dropped.
    pub(super) fn watch<W: WriteWatcher>(&mut self, watcher: &Arc<W>) {
        self.0.retain(|known| known.strong_count() > 0);
        let watcher: Weak<W> = Arc::downgrade(watcher);
        self.0.push(watcher);
    }
}
