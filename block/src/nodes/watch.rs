//! Writes to a node: who is told of them, and how they are held off for a moment.
//!
//! Every write holds the node's lock together with others. Whoever holds it alone, as
//! [`Quiesced`], can be sure that no write is under way, and that none begins: that is the time
//! to begin watching, and to move the users of a node to another one. With nobody watching, a
//! write pays for one uncontended lock.

use crate::error::{Error, Result};
use crate::image::watched::WriteObserver;
use std::fmt;
use std::io;
use std::sync::{Arc, Weak};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, RwLockReadGuard};

/// A write to a node.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How many bytes it changes.
    pub length: u64,
    /// What is written; nothing stands for zeroes.
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

/// Is told of the writes to a node, and may do something of its own before and after each.
pub trait WriteWatcher: Send + Sync + 'static {
    /// Sees a write through: `perform` makes it. Called on the writer's thread, side by side with
    /// other writes; the writer waits. It may write to other nodes, but not to the watched one.
    ///
    /// # Errors
    /// What the writer is told: in general, what `perform` says.
    fn watch(&self, write: Write<'_>, perform: &mut dyn FnMut() -> Result<()>) -> Result<()>;
}

/// The watchers of a node, from the oldest to the newest. Those that are gone stay until the next
/// one comes.
type Watchers = Vec<Weak<dyn WriteWatcher>>;

/// The lock that a node's writes hold. Clones are handles to the same lock.
#[derive(Clone, Default)]
pub(super) struct WriteLock {
    watchers: Arc<RwLock<Watchers>>,
}

impl WriteLock {
    /// Waits until nobody holds the writes off. Blocks the thread.
    pub(super) fn begin_write(&self) -> WriteGuard<'_> {
        // The second call must not be made where the first one is likely to do.
        WriteGuard(self.watchers.try_read().unwrap_or_else(|_| self.watchers.blocking_read()))
    }
}

impl WriteLock {
    /// Waits for the writes in flight, and blocks others until the result is dropped.
    pub(super) async fn block_writes(&self) -> WritesBlocked {
        WritesBlocked(Arc::clone(&self.watchers).write_owned().await)
    }
}

/// Writes that go round the node, to its bytes, are seen like all others.
impl WriteObserver for WriteLock {
    fn observe(
        &self,
        offset: u64,
        length: u64,
        data: Option<&[u8]>,
        perform: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        let guard = self.begin_write();
        let write = Write { offset, length, data };
        guard.run(write, &mut || Ok(perform()?)).map_err(|error| match error {
            Error::Io(source) => source,
            other => io::Error::other(other),
        })
    }
}

impl fmt::Debug for WriteLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteLock").finish_non_exhaustive()
    }
}

/// The right to write to a node.
pub(super) struct WriteGuard<'a>(RwLockReadGuard<'a, Watchers>);

impl WriteGuard<'_> {
    /// Has the watchers see a write through that `perform` makes.
    pub(super) fn run(
        &self,
        write: Write<'_>,
        perform: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        run_through(&self.0, write, perform)
    }
}

/// The newest watcher is the outermost.
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
