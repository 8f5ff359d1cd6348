//! The states of a job, the verbs a client may apply, and which goes with which.
//!
//! Both tables are QEMU's. Nothing else in this crate decides what is legal: the engine moves a
//! job only where [`transition`] lets it, and a verb is carried out only where
//! [`JobVerb::allowed_in`] says so.

use qapi_core::{Error, OpenValue, qapi_enum};

use crate::messages;

/// What kind of work a job does.
///
/// The engine never asks: it only hands the value on to clients. QEMU has nine kinds; other crates
/// may add kinds of their own.
#[qapi_enum(since = "1.7")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobType {
    /// Writes an overlay's data into an image below it.
    Commit,
    /// Copies data from the images below into the image itself.
    Stream,
    /// Copies an image and keeps the copy in step until told to finish.
    Mirror,
    /// Copies an image as it was at one point in time.
    Backup,
    /// Makes an image.
    #[qapi(since = "3.0")]
    Create,
    /// Changes the options of an image.
    #[qapi(since = "5.1")]
    Amend,
    /// Restores an internal snapshot.
    #[qapi(since = "6.0")]
    SnapshotLoad,
    /// Makes an internal snapshot.
    #[qapi(since = "6.0")]
    SnapshotSave,
    /// Deletes an internal snapshot.
    #[qapi(since = "6.0")]
    SnapshotDelete,
    /// A kind that another crate adds: see [`qapi_enum`] under "Open enums".
    #[qapi(open)]
    Other(OpenValue<JobType>),
}

/// Where a job is in its life.
#[qapi_enum(since = "2.12")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// Being made; no client ever sees it.
    Undefined,
    /// Made, not yet started.
    Created,
    /// At work.
    Running,
    /// At rest, by a client's wish, after an error, or for an internal reason.
    Paused,
    /// Done with the bulk of its work and keeping up until told to complete.
    Ready,
    /// Paused while ready.
    Standby,
    /// Done, and waiting for the other members of its transaction.
    Waiting,
    /// Done, and waiting for the word to make the result final.
    Pending,
    /// Failed or cancelled, and being undone.
    Aborting,
    /// Over; kept so that its result can be read.
    Concluded,
    /// Gone; seen only in the last event of a job.
    Null,
}

/// What a client may ask of a job.
#[qapi_enum(since = "2.12")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobVerb {
    /// Give up.
    Cancel,
    /// Rest.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Change the rate limit.
    SetSpeed,
    /// Finish a ready job.
    Complete,
    /// Forget a concluded job.
    Dismiss,
    /// Make the result of a pending job final.
    Finalize,
    /// Change an option of a job at work.
    #[qapi(since = "8.2")]
    Change,
}

impl JobStatus {
    /// Whether the job's driver is between its first and its last step: running, ready, or
    /// paused in either.
    pub fn is_at_work(self) -> bool {
        match self {
            Self::Running | Self::Paused | Self::Ready | Self::Standby => true,
            Self::Undefined
            | Self::Created
            | Self::Waiting
            | Self::Pending
            | Self::Aborting
            | Self::Concluded
            | Self::Null => false,
        }
    }

    /// Whether the job rests in a pause.
    pub fn is_paused(self) -> bool {
        matches!(self, Self::Paused | Self::Standby)
    }

    /// Whether nothing will happen to the job any more but its dismissal.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Concluded | Self::Null)
    }
}

impl JobVerb {
    /// Whether a job in `status` takes this verb.
    pub fn allowed_in(self, status: JobStatus) -> bool {
        VERBS[self as usize][status as usize] == 1
    }
}

/// A move between two states that the table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IllegalTransition {
    /// Where the job was, and stays.
    pub from: JobStatus,
    /// Where it was to go.
    pub to: JobStatus,
}

impl std::fmt::Display for IllegalTransition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "no job moves from {} to {}", self.from.as_str(), self.to.as_str())
    }
}

impl std::error::Error for IllegalTransition {}

/// Whether a job may move from one state to another: `from` is the row, `to` the column.
#[rustfmt::skip]
const TRANSITIONS: [[u8; 11]; 11] = [
    //                Undefined
    //                |  Created
    //                |  |  Running
    //                |  |  |  Paused
    //                |  |  |  |  Ready
    //                |  |  |  |  |  Standby
    //                |  |  |  |  |  |  Waiting
    //                |  |  |  |  |  |  |  Pending
    //                |  |  |  |  |  |  |  |  Aborting
    //                |  |  |  |  |  |  |  |  |  Concluded
    //                |  |  |  |  |  |  |  |  |  |  Null
    /* Undefined */ [ 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 ],
    /* Created   */ [ 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1 ],
    /* Running   */ [ 0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0 ],
    /* Paused    */ [ 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 ],
    /* Ready     */ [ 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0 ],
    /* Standby   */ [ 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 ],
    /* Waiting   */ [ 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0 ],
    /* Pending   */ [ 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0 ],
    /* Aborting  */ [ 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0 ],
    /* Concluded */ [ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 ],
    /* Null      */ [ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 ],
];

/// Which verbs a job takes in which state: the verb is the row, the state the column, in the
/// order of the table above.
#[rustfmt::skip]
const VERBS: [[u8; 11]; 8] = [
    /*                U  C  R  P  Y  S  W  D  X  E  N   */
    /* Cancel    */ [ 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0 ],
    /* Pause     */ [ 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0 ],
    /* Resume    */ [ 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0 ],
    /* SetSpeed  */ [ 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0 ],
    /* Complete  */ [ 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0 ],
    /* Dismiss   */ [ 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 ],
    /* Finalize  */ [ 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0 ],
    /* Change    */ [ 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0 ],
];

/// Says whether a job may move from one state to another.
///
/// # Errors
/// [`IllegalTransition`] where QEMU's table has no such move.
pub fn transition(from: JobStatus, to: JobStatus) -> Result<(), IllegalTransition> {
    if TRANSITIONS[from as usize][to as usize] == 1 {
        Ok(())
    } else {
        Err(IllegalTransition { from, to })
    }
}

/// Says whether the job called `id`, now in `status`, takes `verb`.
///
/// # Errors
/// `Job 'ID' in state 'STATUS' cannot accept command verb 'VERB'`.
pub fn check_verb(id: &str, verb: JobVerb, status: JobStatus) -> Result<(), Error> {
    if verb.allowed_in(status) { Ok(()) } else { Err(messages::verb_refused(id, verb, status)) }
}
