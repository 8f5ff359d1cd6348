//! The thread that writes records. All records that wait are written by one transaction.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::store::Store;
use crate::record::JobRecord;

/// The number of records that may wait. If the disk hangs for as long as so many jobs take to end,
/// further records are lost, and not memory.
const WAITING_MAX: usize = 4096;

/// A record, and the sender that is notified when the record is stored or has failed.
type Request = (JobRecord, oneshot::Sender<()>);

#[derive(Debug)]
pub(super) struct Writer {
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(store: Arc<Store>) -> io::Result<Self> {
        let (requests, receiver) = sync_channel(WAITING_MAX);
        let thread = thread::Builder::new().name("job-journal".to_owned());
        let thread = thread.spawn(move || write_all(&store, &receiver))?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    /// Passes a record to the thread, without waiting. The result is ready when the record is
    /// stored, or when it cannot be stored.
    pub(super) fn send(&self, record: JobRecord) -> oneshot::Receiver<()> {
        let (done, stored) = oneshot::channel();
        if let Some(requests) = &self.requests
            && let Err(TrySendError::Full((record, _)) | TrySendError::Disconnected((record, _))) =
                requests.try_send((record, done))
        {
            tracing::error!(id = record.id, "the journal is too slow: a record is lost");
        }
        stored
    }
}

/// Waits until all records are written.
impl Drop for Writer {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

fn write_all(store: &Store, requests: &Receiver<Request>) {
    while let Ok(first) = requests.recv() {
        let waiting: Vec<Request> = std::iter::once(first).chain(requests.try_iter()).collect();
        let (records, done): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        let written = catch_unwind(AssertUnwindSafe(|| store.append(&records)));
        let path = store.path().display();
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, records = records.len(), "records of jobs are lost");
            }
            Err(_panic) => tracing::error!(%path, "the store of the journal panicked"),
        }
        for done in done {
            // The job may have been dropped with its runtime.
            let _ = done.send(());
        }
    }
}
