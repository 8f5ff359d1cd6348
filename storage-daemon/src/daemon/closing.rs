//! The thread that closes the nodes when the daemon ends.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// A thread that waits for the end of the daemon. It is started with the daemon, because the system
/// may refuse a new thread at the end.
pub(super) struct ClosingThread {
    work: mpsc::Sender<Work>,
}

impl ClosingThread {
    /// Starts the thread. Its work can use the current runtime.
    ///
    /// # Errors
    /// The system has no thread.
    pub(super) fn start() -> io::Result<Self> {
        let (work, waiting) = mpsc::channel::<Work>();
        let runtime = Handle::current();
        thread::Builder::new()
            .name("closing".to_owned())
            .stack_size(block::nodes::STACK_SIZE)
            .spawn(move || {
                let _entered = runtime.enter();
                if let Ok(work) = waiting.recv() {
                    work();
                }
            })?;
        Ok(Self { work })
    }

    /// Runs the work on the thread, and waits for its end. If the future is dropped, the work runs
    /// to its end. Returns `None` if the work panics.
    pub(super) async fn run(self, work: impl FnOnce() + Send + 'static) -> Option<()> {
        let (ended, end) = oneshot::channel();
        let work = move || {
            work();
            // The daemon may have stopped waiting.
            let _ = ended.send(());
        };
        self.work.send(Box::new(work)).ok()?;
        end.await.ok()
    }
}
