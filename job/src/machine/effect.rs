//! The effects of a step of the machine, which the engine carries out without its lock.

use crate::events::JobNotification;
use crate::schema::JobStatus;

/// The number of a job: unique in its engine, and growing with each job created.
pub(crate) type JobKey = u64;

/// The number of a transaction: unique in its engine.
pub(crate) type TransactionKey = u64;

/// One effect of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The job has moved to this status: report it to clients, and wake the tasks that wait for the
    /// job.
    Moved(JobKey, JobStatus),
    /// Call [`notify`](crate::JobDriver::notify) of the job's driver, in order with the status
    /// changes of all jobs.
    Notify(JobKey, JobNotification),
    /// Wake the tasks that wait for the job.
    Changed(JobKey),
    /// Wake the job's driver if it sleeps.
    Enter(JobKey),
    /// Wake the tasks that wait for transactions to become idle.
    Idle,
    /// Take the [steps](super::Machine::next_step) of the transaction, after the delivery of
    /// events.
    Run(TransactionKey),
}
