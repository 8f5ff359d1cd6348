//! The states of a job and the verbs that it accepts, as pure functions over two tables.
//!
//! Both tables are QEMU's (`JobSTT` and `JobVerbTable` of `job.c`). No other place in this crate
//! decides what is legal: a job moves only where [`transition`] allows it, and a verb is carried
//! out only where [`JobVerb::allowed_in`] allows it.

use crate::schema::{JobStatus, JobVerb};

impl JobStatus {
    /// Whether the job's driver has started and has not returned. The job is running or ready, or
    /// is paused in one of these states.
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

    /// Whether the job is paused, before or after it is ready.
    pub fn is_paused(self) -> bool {
        matches!(self, Self::Paused | Self::Standby)
    }

    /// Whether the job is ready to be completed, paused or not.
    pub fn is_ready(self) -> bool {
        matches!(self, Self::Ready | Self::Standby)
    }

    /// Whether the job has ended. A concluded job can still be dismissed.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Concluded | Self::Null)
    }
}

impl JobVerb {
    /// Whether a job in `status` accepts this verb.
    pub fn allowed_in(self, status: JobStatus) -> bool {
        VERBS[self as usize][status as usize] == 1
    }
}

/// A move between two states that QEMU's table does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IllegalTransition {
    /// The state that the job is in, and stays in.
    pub from: JobStatus,
    /// The state that the job cannot move to.
    pub to: JobStatus,
}

impl std::fmt::Display for IllegalTransition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "no job moves from {} to {}", self.from.as_str(), self.to.as_str())
    }
}

impl std::error::Error for IllegalTransition {}

/// The moves between states: a row for each `from`, a column for each `to`, and 1 if the move is
/// allowed.
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

/// The verbs that a job accepts: a row for each verb, and a column for each state. The columns have
/// the order of the table above (Y is ready, D pending, X aborting, E concluded).
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

/// A diagram of both tables as SVG, for documents: the states of a job with the moves between them,
/// and the verbs that each state accepts. Its text has the colour of the text around it.
pub const LIFE_CYCLE: &str = include_str!("../docs/life-cycle.svg");

/// Checks that a job may move from one state to another.
///
/// # Errors
/// [`IllegalTransition`] if QEMU's table does not allow the move.
pub fn transition(from: JobStatus, to: JobStatus) -> Result<(), IllegalTransition> {
    if TRANSITIONS[from as usize][to as usize] == 1 {
        Ok(())
    } else {
        Err(IllegalTransition { from, to })
    }
}
