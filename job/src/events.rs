//! Telling the world, in order.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use qapi_core::{Events, qapi_event};

use crate::driver::JobNotification;
use crate::ending::awaited;
use crate::job::Job;
use crate::state::JobStatus;
use crate::sync::{Mutex, MutexGuard};
use crate::wakeup::Wakeup;

/// Emitted when a job changes its status.
#[qapi_event(since = "3.0")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatusChange {
    /// The job's identifier.
    pub id: String,
    /// The status it has now.
    pub status: JobStatus,
}

/// Where the status changes of named jobs go. Any function of one [`JobStatusChange`] is a sink.
///
/// A sink is called synchronously and without any lock of the engine held; it may call the engine.
/// It must be quick: what happens on other threads meanwhile waits to be told.
pub trait EventSink: Send + Sync + 'static {
    /// A job has changed its status.
    fn status_changed(&self, change: &JobStatusChange);
}

impl<F: Fn(&JobStatusChange) + Send + Sync + 'static> EventSink for F {
    fn status_changed(&self, change: &JobStatusChange) {
        self(change);
    }
}

/// Sends `JOB_STATUS_CHANGE` to every client of a server.
impl EventSink for Events {
    fn status_changed(&self, change: &JobStatusChange) {
        self.emit(change);
    }
}

/// One thing to tell.
pub(crate) enum Occurrence {
    StatusChange(JobStatusChange),
    Notification(Job, JobNotification),
}

/// What is yet to be told.
///
/// Whatever happens is queued while the state it happened to is still locked, and delivered once
/// it is not. One delivery runs at a time and in the order of the queue: so the order is that in
/// which things happened, also when a sink calls the engine, or when several threads do. With one
/// thread, everything is told before the call that caused it returns. With several it may be
/// another's to tell, which is not waited for: it could be waiting for something that the caller
/// holds. Whoever waits for something to happen waits with [`all_told`](Self::all_told) until it
/// has been told as well.
pub(crate) struct Occurrences {
    sink: Box<dyn EventSink>,
    queue: Mutex<Queue>,
    /// Counts what has been told.
    told: Wakeup,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Occurrence>,
    /// How much was ever to be told.
    pushed: u64,
    delivering: bool,
}

impl Occurrences {
    pub(crate) fn new(sink: impl EventSink) -> Self {
        Self { sink: Box::new(sink), queue: Mutex::default(), told: Wakeup::default() }
    }

    pub(crate) fn push(&self, occurrence: Occurrence) {
        let mut queue = self.lock();
        queue.pushed += 1;
        queue.waiting.push_back(occurrence);
    }

    /// Tells everything that waits, unless that is going on already.
    pub(crate) fn deliver(&self) {
        {
            let mut queue = self.lock();
            if queue.delivering {
                return;
            }
            queue.delivering = true;
        }
        while let Some(occurrence) = self.next() {
            self.tell(occurrence);
            self.told.wake();
        }
    }

    /// Waits until everything that has happened by now has been told. Never to be called by what
    /// is told, which would wait for itself.
    pub(crate) async fn all_told(&self) {
        let pushed = self.lock().pushed;
        let mut told = self.told.count();
        while told < pushed {
            told = self.told.after(told).await;
        }
    }

    /// The next thing to tell. Without one, the delivery is over.
    fn next(&self) -> Option<Occurrence> {
        let mut queue = self.lock();
        let next = queue.waiting.pop_front();
        queue.delivering = next.is_some();
        next
    }

    fn tell(&self, occurrence: Occurrence) {
        match occurrence {
            Occurrence::StatusChange(change) => {
                let call = AssertUnwindSafe(|| awaited(|| self.sink.status_changed(&change)));
                if catch_unwind(call).is_err() {
                    tracing::error!(?change, "the sink of job events panicked");
                }
            }
            Occurrence::Notification(job, notification) => job.hook_notify(notification),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock()
    }
}
