//! Events: what the engine reports to clients and to drivers, and the queue that orders it.

use std::collections::VecDeque;

use qapi_core::{Events, qapi_event};

use crate::record::JobRecord;
use crate::schema::{JobStatus, JobStatusChange};

/// The receiver of status changes of named jobs. Any function of one [`JobStatusChange`] is a
/// sink, and so are the [`Events`] of a server.
///
/// The engine calls a sink synchronously and without any lock, so that the sink may call the
/// engine. A sink must return quickly: later events of all threads wait for it.
pub trait EventSink: Send + Sync + 'static {
    /// Receives a change of status.
    fn status_changed(&self, change: &JobStatusChange);

    /// Receives the record of a job that was started, after its status `concluded`. Ignored by
    /// default.
    fn ended(&self, record: &JobRecord) {
        let _ = record;
    }
}

impl<F: Fn(&JobStatusChange) + Send + Sync + 'static> EventSink for F {
    fn status_changed(&self, change: &JobStatusChange) {
        self(change);
    }
}

/// Sends `JOB_STATUS_CHANGE` to every client of a server.
impl EventSink for Events {
    fn status_changed(&self, change: &JobStatusChange) {
        if matches!(change.status, JobStatus::Concluded | JobStatus::Null) {
            // Deferred events about the progress of the job do not follow its end.
            self.flush_key(&change.id);
        }
        self.emit(change);
    }
}

/// Emitted when a job has ended, with its result. QEMU has no such event: see [`ResultEvents`].
#[qapi_event(register = false, boxed, name = "__org.qapi-rs_JOB_ENDED")]
#[derive(Debug, Clone, PartialEq)]
pub struct JobEnded {
    /// How the job ended.
    pub record: JobRecord,
}

/// A sink that sends `JOB_STATUS_CHANGE` as [`Events`] does, and `__org.qapi-rs_JOB_ENDED` with the
/// result of a job after its status `concluded`.
///
/// The event must be part of the server's schema: pass
/// [`qmp::result_registrations`](crate::extensions::result_registrations) to its registry.
#[derive(Debug, Clone)]
pub struct ResultEvents {
    events: Events,
}

impl ResultEvents {
    /// A sink that sends events to the clients of the server with these events.
    #[must_use]
    pub fn new(events: Events) -> Self {
        Self { events }
    }
}

impl EventSink for ResultEvents {
    fn status_changed(&self, change: &JobStatusChange) {
        self.events.emit(change);
    }

    fn ended(&self, record: &JobRecord) {
        self.events.emit(&JobEnded { record: record.clone() });
    }
}

/// A moment in a job's life at which QEMU's block jobs send events of their own.
///
/// A driver receives it through [`JobDriver::notify`](crate::JobDriver::notify).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobNotification {
    /// The job became ready. Not repeated when it leaves standby.
    Ready,
    /// The job became pending, and waits to be finalized by a client.
    Pending,
    /// A started job succeeded or failed. The job is cleaned up and not yet concluded.
    FinalizeCompleted,
    /// A started job was cancelled. The job is cleaned up and not yet concluded.
    FinalizeCancelled,
}

/// The queue of events that are not yet delivered.
///
/// Events are queued under the same lock as the change that they report, and delivered after the
/// lock is released. One thread delivers at a time, in the order of the queue, also while a sink or
/// a hook calls the engine. So the order of events is the order of changes.
pub(crate) struct EventQueue<E> {
    waiting: VecDeque<E>,
    /// The number of events that were ever queued.
    pushed: u64,
    delivering: bool,
}

impl<E> EventQueue<E> {
    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::new(), pushed: 0, delivering: false }
    }

    pub(crate) fn push(&mut self, event: E) {
        self.pushed += 1;
        self.waiting.push_back(event);
    }

    pub(crate) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Begins a delivery if there are events, and no delivery is in progress on any thread. Returns
    /// whether it began: the caller then calls [`next`](Self::next) until that returns `None`.
    pub(crate) fn begin_delivery(&mut self) -> bool {
        !self.waiting.is_empty() && !std::mem::replace(&mut self.delivering, true)
    }

    /// The next event to deliver. Without one, the delivery is over.
    pub(crate) fn next(&mut self) -> Option<E> {
        let next = self.waiting.pop_front();
        self.delivering = next.is_some();
        next
    }
}
