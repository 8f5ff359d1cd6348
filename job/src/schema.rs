//! The types of QAPI's schema file `job.json`.
//!
//! [`qmp`](crate::qmp) defines the commands that use these types. Of the other files of this crate,
//! only `events` concerns QMP: it can send an event through a server.
//!
//! The documentation of the types is for clients too, who read it in manuals. For the moves between
//! two [`JobStatus`]es see [`transition`](crate::transition) and the diagram of [the crate](crate).

use qapi_core::{OpenValue, qapi_enum, qapi_event, qapi_struct};

/// The kind of work that a job does.
///
/// The engine passes the value on to clients and never interprets it. QEMU has nine kinds. Other
/// crates may add kinds of their own.
#[qapi_enum(since = "1.7")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobType {
    /// Writes an overlay's data into one of its backing files.
    Commit,
    /// Copies data from the backing files of an image into the image itself.
    Stream,
    /// Copies an image, and then all later writes to the image, until the job is completed.
    Mirror,
    /// Copies an image as it was at one point in time.
    Backup,
    /// Creates an image.
    #[qapi(since = "3.0")]
    Create,
    /// Changes the options of an image.
    #[qapi(since = "5.1")]
    Amend,
    /// Restores an internal snapshot.
    #[qapi(since = "6.0")]
    SnapshotLoad,
    /// Creates an internal snapshot.
    #[qapi(since = "6.0")]
    SnapshotSave,
    /// Deletes an internal snapshot.
    #[qapi(since = "6.0")]
    SnapshotDelete,
    /// A kind that another crate adds: see [`qapi_enum`] under "Open enums".
    #[qapi(open)]
    Other(OpenValue<JobType>),
}

/// The state that a job is in.
///
/// A job moves between states by its own work and by verbs of clients.
#[qapi_enum(since = "2.12")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// Under construction; never visible to clients.
    Undefined,
    /// Created and not yet started.
    Created,
    /// Running.
    Running,
    /// Paused by a client, by an error, or for an internal reason.
    Paused,
    /// The bulk of the work is done; the job can be completed at any time.
    Ready,
    /// Paused while ready.
    Standby,
    /// The work is done; the job waits for the other members of its transaction.
    Waiting,
    /// The work is done; the job waits to be finalized.
    Pending,
    /// Failed or cancelled; the job is being cleaned up.
    Aborting,
    /// Over; the job stays in the list so that clients can read its result.
    Concluded,
    /// Gone; visible only in the last event of a job.
    Null,
}

/// A request that a client may make of a job.
#[qapi_enum(since = "2.12")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobVerb {
    /// End the job before its work is done.
    Cancel,
    /// Pause the job at its next pause point.
    Pause,
    /// End the pause that a client or an error began.
    Resume,
    /// Change the rate limit.
    SetSpeed,
    /// Finish a ready job.
    Complete,
    /// Remove a concluded job.
    Dismiss,
    /// Make the result of a pending job final.
    Finalize,
    /// Change options of the job.
    #[qapi(since = "8.2")]
    Change,
}

/// Emitted when a job changes its status.
#[qapi_event(since = "3.0")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatusChange {
    /// The job's identifier.
    pub id: String,
    /// The new status of the job.
    pub status: JobStatus,
}

/// Information about a job, as `query-jobs` returns it.
#[qapi_struct(since = "3.0")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInfo {
    /// The job's identifier.
    pub id: String,
    /// The kind of work that the job does.
    #[qapi(name = "type")]
    pub job_type: JobType,
    /// The state of the job.
    pub status: JobStatus,
    /// The work done so far. The value never decreases. Each kind of job has its own unit: only the
    /// ratio to the total is meaningful.
    pub current_progress: i64,
    /// The present estimate of the total work. The value may increase and decrease while the job
    /// runs.
    pub total_progress: i64,
    /// The reason for a failure, for people to read. Absent for a concluded job that succeeded.
    pub error: Option<String>,
}
