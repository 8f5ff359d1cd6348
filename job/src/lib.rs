//! Background jobs with the states, verbs and transactions of QEMU: all of QAPI's schema file
//! `job.json`.
//!
//! A [`Jobs`] is an engine. A [`JobDriver`] implements a kind of job. [`Jobs::create`] creates a
//! job with a driver, and [`CreatedJob::start`] starts it. A [`Job`] is the handle for clients; a
//! [`JobHandle`] is the same job as its driver sees it. The engine needs neither a server nor a
//! disk.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> qapi_core::Result<()> {
//! use job::{JobDriver, JobHandle, JobOptions, JobStatusChange, JobType, Jobs};
//!
//! struct Hello;
//!
//! impl JobDriver for Hello {
//!     async fn run(&self, job: &JobHandle) -> qapi_core::Result<()> {
//!         job.pause_point().await?;
//!         Ok(())
//!     }
//! }
//!
//! let jobs = Jobs::new(|change: &JobStatusChange| println!("{change:?}"));
//! let options = JobOptions::new(JobType::Create).id("job0").auto_dismiss(false);
//! let job = jobs.create(options, Hello, None)?.start();
//! job.concluded().await?;
//! jobs.get("job0")?.dismiss()?;
//! # Ok(()) }
//! ```
//!
//! # In a server
//!
//! A program that links this crate serves the commands of `job.json` ([`qmp`]). They take the
//! engine from the state of the server. The engine sends its events through the server. At
//! shutdown, jobs at work are cancelled while clients can still receive events. With the feature
//! `server`, one call adds all of this:
//!
//! ```no_run
//! use job::JobSetup;
//! use qapi_core::Server;
//!
//! fn main() -> Result<(), qapi_core::ServeError> {
//!     JobSetup::new().add_to(Server::new()).listen_unix("/run/demo.sock")?.run()
//! }
//! ```
//!
//! A program that needs the engine itself creates it with [`Jobs::new`] and the server's events,
//! adds it as state, and awaits [`Jobs::cancel_all`] in `Server::on_shutdown`.
//!
//! Drivers run on the server's thread. A driver that reads files or computes for long without
//! awaiting blocks all clients: use another thread (`tokio::task::spawn_blocking`). The same
//! applies to hooks. Hooks that return a future may await.
//!
//! # The life of a job
//!
#![doc = include_str!("../docs/life-cycle.svg")]
//!
//! Arrows are moves between states. Dots are the verbs that a job accepts in a state.
//!
//! * A new job is `created`. A started job is `running`. It is `paused` when its driver reaches a
//!   pause point while a pause is in force, and `running` again when the last pause ends.
//! * Some drivers work until the job is completed, such as the driver of a mirror. They report that
//!   the job is `ready` when the bulk of the work is done. A ready job that pauses is in `standby`.
//! * When the driver returns, the job is `waiting` for the other members of its transaction, and
//!   then `pending`. A job on its own also passes through both states. All members are then
//!   finalized: automatically, or when a client finalizes one of them.
//! * First every member is prepared, which is the last step that can fail. Then one member after
//!   the other is cleaned up and `concluded`.
//! * A job that fails or is cancelled is `aborting` before it is `concluded`. All other members of
//!   its transaction are cancelled by force.
//! * A concluded job stays in the list, with its result, until it is dismissed: automatically, or
//!   by a client. It is then `null`. A job that never started is always dismissed automatically.
//!
//! # The order of events
//!
//! A call of the engine returns when its consequences have taken place and all events are
//! delivered. Examples are the event `running` of a resumed job, and all last events of a finalized
//! job. There are two exceptions. A driver notices a pause or a cancel later, at its next pause
//! point. If a hook waits, the job ends later ([`Job::idle`] waits for the hook). A sink or a hook
//! may call the engine; the events of that call are delivered after the current event.
//!
//! The engine may be used from several threads. While one thread delivers events, it also delivers
//! the events of other threads, in order. The calls of these threads may return before the
//! delivery. All methods that wait ([`Job::concluded`], [`Job::idle`], [`Job::drained`],
//! [`Jobs::cancel_all`]) also wait for the delivery.
//!
//! # Beyond QEMU
//!
//! A driver may [return a value](JobHandle::set_result), and the engine
//! [estimates](Job::time_left) how long a job still takes. A [`JobRecorder`] stores how each job
//! ended; with the feature `journal`, a `journal::Journal` stores it in a file that survives
//! crashes. QEMU's commands and events stay as they are: [`extensions`] has commands and an
//! event for these, which a program adds to its server.
//!
//! # Modules
//!
//! `machine` is the engine as plain data: a step changes the data and records its effects. `job`
//! protects the machine with a lock, and carries out the effects without the lock.
#![forbid(unsafe_code)]

mod schema;
mod state;

mod messages;
mod options;
mod progress;
mod record;

mod sync;

mod events;
mod machine;
mod rate_limit;

mod driver;
mod job;
mod jobs;
#[cfg(feature = "metrics")]
mod metrics;

#[cfg(feature = "journal")]
pub mod journal;

pub mod extensions;
pub mod qmp;

#[cfg(feature = "server")]
mod setup;

#[cfg(feature = "client")]
pub mod client;

pub use driver::{Cancelled, JobDriver, JobHandle};
pub use events::{EventSink, JobEnded, JobNotification, ResultEvents};

pub use job::Job;
pub use job::start::CreatedJob;
pub use job::transaction::Transaction;
pub use job::verbs::{PauseGuard, check_verb};
pub use jobs::Jobs;
pub use machine::job::JobOutcome;
pub use messages::{cannot_change, cannot_complete};
#[cfg(feature = "metrics")]
pub use metrics::JobMetrics;
pub use options::{CancelMode, ID_LENGTH_MAX, JobOptions, Speed, check_id};
pub use progress::JobProgress;
pub use record::{JobEnd, JobRecord, JobRecorder};
pub use schema::{JobInfo, JobStatus, JobStatusChange, JobType, JobVerb};
#[cfg(feature = "server")]
pub use setup::JobSetup;
pub use state::{IllegalTransition, LIFE_CYCLE, transition};
