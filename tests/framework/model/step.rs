//! The steps that a run consists of, and their results.

use job::{JobStatus, JobVerb};

/// The options and the driver of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// A soft cancel of a ready job ends the job with success.
    pub(super) soft_cancel: bool,
    pub(super) auto_finalize: bool,
    pub(super) auto_dismiss: bool,
    /// The fault of its driver.
    pub(super) fault: Fault,
    /// The number of its transaction.
    pub(super) transaction: usize,
}

impl Kind {
    pub(super) const PLAIN: Self = Self {
        soft_cancel: false,
        auto_finalize: true,
        auto_dismiss: true,
        fault: Fault::None,
        transaction: 0,
    };
}

/// The fault of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    None,
    /// `prepare` fails.
    FailsLate,
    /// `complete` and `change` fail.
    Refuses,
    /// A hook panics.
    PanicsIn(Hook),
}

impl Fault {
    /// All faults.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let panics = Hook::ALL.into_iter().map(Self::PanicsIn);
        [Self::None, Self::FailsLate, Self::Refuses].into_iter().chain(panics)
    }
}

/// A method of a driver. Each call is logged, except those of `run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Hook {
    Run,
    UserResume,
    Complete,
    Cancel,
    Prepare,
    CleanSuccess,
    CleanFailure,
    Change,
}

impl Hook {
    pub(super) const ALL: [Self; 8] = [
        Self::Run,
        Self::UserResume,
        Self::Complete,
        Self::Cancel,
        Self::Prepare,
        Self::CleanSuccess,
        Self::CleanFailure,
        Self::Change,
    ];

    /// The name of the hook in error texts.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::UserResume => "user_resume",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
            Self::Prepare => "prepare",
            Self::CleanSuccess | Self::CleanFailure => "clean",
            Self::Change => "change",
        }
    }

    /// The line of a call in the log.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::CleanSuccess => "clean success",
            Self::CleanFailure => "clean failure",
            Self::Run
            | Self::UserResume
            | Self::Complete
            | Self::Cancel
            | Self::Prepare
            | Self::Change => self.name(),
        }
    }
}

/// One step: an action on the job of that number, or of its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Create(usize),
    Start(usize),
    /// The job is dropped before it is started.
    TakeBack(usize),
    /// The job is undone before it is started.
    Undo(usize),
    /// A client requests a verb.
    Request(usize, Request),
    /// An internal pause begins.
    BeginPause(usize),
    /// The internal pause ends.
    EndPause(usize),
    /// The driver acts, after all drivers have run, and before they run again.
    Drive(usize, DriverAction),
    /// Every runnable driver runs.
    Turn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Request {
    Cancel { force: bool },
    Pause,
    Resume,
    SetSpeed(i64),
    Complete,
    Dismiss,
    Finalize,
    Change,
}

impl Request {
    pub(super) const ALL: [Self; 10] = [
        Self::Cancel { force: true },
        Self::Cancel { force: false },
        Self::Pause,
        Self::Resume,
        Self::SetSpeed(1),
        Self::SetSpeed(-1),
        Self::Complete,
        Self::Dismiss,
        Self::Finalize,
        Self::Change,
    ];

    /// The name of the verb, and the states in which a job accepts it.
    pub(super) fn rule(self) -> (&'static str, &'static [JobStatus]) {
        use JobStatus::{Concluded, Created, Paused, Pending, Ready, Running, Standby, Waiting};
        const LIVE: &[JobStatus] = &[Created, Running, Paused, Ready, Standby];
        match self {
            Self::Cancel { .. } => {
                ("cancel", &[Created, Running, Paused, Ready, Standby, Waiting, Pending])
            }
            Self::Pause => ("pause", LIVE),
            Self::Resume => ("resume", LIVE),
            Self::SetSpeed(_) => ("set-speed", LIVE),
            Self::Complete => ("complete", &[Ready, Standby]),
            Self::Dismiss => ("dismiss", &[Concluded]),
            Self::Finalize => ("finalize", &[Pending]),
            Self::Change => ("change", LIVE),
        }
    }
}

/// An action of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum DriverAction {
    PassPausePoint,
    BecomeReady,
    /// An error stops the job at its next pause point.
    MeetError,
    Succeed,
    /// Fails, or panics if that is its fault.
    Fail,
}

impl DriverAction {
    pub(super) const ALL: [Self; 5] =
        [Self::PassPausePoint, Self::BecomeReady, Self::MeetError, Self::Succeed, Self::Fail];
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Outcome {
    /// `ok`, or the text of the error.
    pub(super) reply: String,
    /// Changes of status, notifications (with `!`), and calls of hooks, in order.
    pub(super) events: Vec<String>,
}

/// The visible state of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) id: String,
    pub(super) status: JobStatus,
    pub(super) error: Option<String>,
    pub(super) user_paused: bool,
    pub(super) pause_requested: bool,
    pub(super) busy: bool,
    pub(super) ready: bool,
    pub(super) cancel_requested: bool,
    pub(super) cancelled: bool,
}

#[test]
fn every_verb_of_the_schema_is_a_request() {
    for verb in JobVerb::ALL {
        assert!(Request::ALL.iter().any(|request| request.rule().0 == verb.as_str()), "{verb:?}");
    }
}
