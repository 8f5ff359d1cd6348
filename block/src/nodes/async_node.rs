//! Asynchronous requests to nodes.

use std::io;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinError;

use super::node::Node;
use super::root::Root;
use crate::error::{Error, Result};
use crate::image::extent::Extent;
use crate::image::storage::ZeroMode;

/// Requests to a node as futures, for callers on an async runtime. Clones share the limit on
/// requests in flight.
///
/// Made from a [`Node`], or from a [`Root`], whose requests follow when the node is replaced. Any
/// number of futures may run at once; requests that touch the same bytes have no order. Each
/// request runs on a thread for blocking work of the tokio runtime.
///
/// A request owns its buffer. If its future is dropped, a request that waits for others is never
/// made, and a request in flight runs to its end and drops the buffer then.
///
/// All futures need a tokio runtime. All requests fail with [`Error::Io`] if their thread panics.
#[derive(Clone, Debug)]
pub struct AsyncNode {
    target: Arc<Target>,
    slots: Arc<Semaphore>,
}

#[derive(Debug)]
enum Target {
    Node(Arc<Node>),
    Root(Root),
}

impl Target {
    fn node(&self) -> Arc<Node> {
        match self {
            Target::Node(node) => Arc::clone(node),
            Target::Root(root) => root.node(),
        }
    }
}

impl From<Arc<Node>> for AsyncNode {
    fn from(node: Arc<Node>) -> Self {
        Self::new(Target::Node(node))
    }
}

impl From<Root> for AsyncNode {
    fn from(root: Root) -> Self {
        Self::new(Target::Root(root))
    }
}

impl AsyncNode {
    /// The largest number of requests in flight, unless
    /// [`requests_max`](AsyncNode::requests_max) changes it. It bounds the threads that one node
    /// occupies; a tokio runtime has at most 512 by default.
    pub const REQUESTS_MAX: usize = 64;

    fn new(target: Target) -> Self {
        let slots = Arc::new(Semaphore::new(Self::REQUESTS_MAX));
        AsyncNode { target: Arc::new(target), slots }
    }

    /// A handle to the same node with a limit of its own: at most `requests`, but at least one,
    /// are in flight. Further requests wait in the order of their arrival.
    #[must_use]
    pub fn requests_max(self, requests: usize) -> Self {
        let slots = requests.clamp(1, Semaphore::MAX_PERMITS);
        AsyncNode { slots: Arc::new(Semaphore::new(slots)), ..self }
    }

    /// The current node.
    pub fn node(&self) -> Arc<Node> {
        self.target.node()
    }

    /// Fills `buffer` with the bytes from `offset` on, and returns the buffer.
    ///
    /// # Errors
    /// As for [`Node::read`].
    pub async fn read<B>(&self, offset: u64, mut buffer: B) -> Result<B>
    where
        B: AsMut<[u8]> + Send + 'static,
    {
        self.run(move |target| {
            target.node().read(offset, buffer.as_mut())?;
            Ok(buffer)
        })
        .await
    }

    /// Writes all bytes of `data` at `offset`, and returns `data` for another use.
    ///
    /// # Errors
    /// As for [`Node::write`].
    pub async fn write<B>(&self, offset: u64, data: B) -> Result<B>
    where
        B: AsRef<[u8]> + Send + 'static,
    {
        self.run(move |target| {
            match target {
                Target::Node(node) => node.write(offset, data.as_ref())?,
                Target::Root(root) => root.write(offset, data.as_ref())?,
            }
            Ok(data)
        })
        .await
    }

    /// As [`Node::write_zeroes`].
    ///
    /// # Errors
    /// As for [`Node::write_zeroes`].
    pub async fn write_zeroes(&self, offset: u64, length: u64) -> Result<()> {
        self.run(move |target| match target {
            Target::Node(node) => node.write_zeroes(offset, length),
            Target::Root(root) => root.write_zeroes(offset, length, ZeroMode::MayUnmap),
        })
        .await
    }

    /// As [`Node::discard_range`].
    ///
    /// # Errors
    /// As for [`Node::discard_range`].
    pub async fn discard_range(&self, offset: u64, length: u64) -> Result<()> {
        self.run(move |target| match target {
            Target::Node(node) => node.discard_range(offset, length),
            Target::Root(root) => root.discard_range(offset, length),
        })
        .await
    }

    /// Flushes all requests whose futures have ended, as [`Node::flush`] does.
    ///
    /// # Errors
    /// As for [`Node::flush`].
    pub async fn flush(&self) -> Result<()> {
        self.run(|target| target.node().flush()).await
    }

    /// As [`Node::block_status`].
    ///
    /// # Errors
    /// As for [`Node::block_status`].
    pub async fn block_status(&self, offset: u64, length: u64) -> Result<Extent> {
        self.run(move |target| target.node().block_status(offset, length)).await
    }

    /// Runs a request once fewer than the limit are in flight.
    async fn run<T: Send + 'static>(
        &self,
        request: impl FnOnce(&Target) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (target, slots) = (Arc::clone(&self.target), Arc::clone(&self.slots));
        // The semaphore is never closed, so there always is a slot.
        let slot = slots.acquire_owned().await;
        // If the future is dropped, the result is dropped first, and then the slot.
        let done = run_blocking(move || Ok((request(&target)?, slot))).await;
        done.map(|(result, _slot)| result)
    }
}

/// Runs work on a thread for blocking work. If the future is dropped, the work runs to its end.
///
/// # Errors
/// Those of `work`; [`Error::Io`] if `work` panics.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panicked| Err(panic_error(panicked)))
}

/// The error for a request whose thread panicked.
pub(crate) fn panic_error(panicked: JoinError) -> Error {
    tracing::error!(%panicked, "a request panicked");
    Error::Io(io::Error::other(panicked))
}
