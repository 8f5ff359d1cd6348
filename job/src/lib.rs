//! Background jobs, with the states, verbs and transactions of QEMU's.
//!
//! A [`Jobs`] is an engine. A [`JobDriver`] says what a kind of job does; [`Jobs::create`] makes a
//! job of it, and [`CreatedJob::start`] sets it to work. A [`Job`] is what clients act upon; a
//! [`JobHandle`] is the same job from inside. Nothing here needs a server or a disk.
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
//! A program that names this crate serves the commands of `job.json` ([`qmp`]), which want the
//! engine as state. The engine tells its events through the server; jobs still at work when the
//! server ends are cancelled while clients can hear of it:
//!
//! ```no_run
//! use job::Jobs;
//! use qapi_core::Server;
//!
//! fn main() -> Result<(), qapi_core::ServeError> {
//!     let server = Server::new();
//!     let jobs = Jobs::new(server.events());
//!     let ending = jobs.clone();
//!     server
//!         .state(jobs)
//!         .on_shutdown(async move { ending.cancel_all().await })
//!         .listen_unix("/run/demo.sock")?
//!         .run()
//! }
//! ```
//!
//! Drivers run on the server's thread: what takes long without awaiting, file I/O or computation,
//! belongs on another thread (`tokio::task::spawn_blocking`), or all clients wait for it. Hooks
//! have to be as quick; those that end a job may wait.
//!
//! # The life of a job
//!
#![doc = include_str!("../docs/life-cycle.svg")]
//!
//! Arrows are the moves there are, and dots the verbs that a job takes in a state.
//!
//! * A new job is `created`, and `running` from its start. Where the driver passes a pause point
//!   and someone wants it to rest, it is `paused`, and `running` again as soon as nobody does.
//! * A driver that can go on for as long as it is wanted says when it is `ready`; it ends when it
//!   is told to complete. Its pauses are called `standby`.
//! * When the driver returns, the job is `waiting` for the other members of its transaction, then
//!   `pending`, always, even if it is alone and nothing has to be waited for. A job that finalizes
//!   itself goes on at once; any other waits for a client to finalize it or another member.
//! * Then every member is prepared, which is the last moment to fail, and one after the other is
//!   committed, cleaned and `concluded`.
//! * A job that fails or is cancelled is `aborting` before it is `concluded`, and takes every
//!   member of its transaction with it: they are cancelled by force, and waited for.
//! * A concluded job keeps its name and its result until it is dismissed, by a client or by itself,
//!   and is then `null`. A job never started is dismissed whatever it was made with.
//!
//! # The order of things
//!
//! What a call to the engine causes has been told, in order, when the call returns, be it the
//! `running` of a job resumed or all the last events of a job finalized. What a driver has to do
//! first, such as to notice a pause or a cancel, comes later; so does what comes after a hook that
//! waits for something, as it may when a job ends ([`Job::at_rest`]). A sink or a hook may call the
//! engine; what that causes is told after what is being told.
//!
//! The engine may be used from several threads. What happens on one while another is telling is
//! told by the other, in the same order, and perhaps not yet when the call returns; but whoever
//! waits for something ([`Job::concluded`], [`Job::at_rest`], [`Job::settled`],
//! [`Jobs::cancel_all`]) has waited for
//! the telling too.
#![forbid(unsafe_code)]

mod schema;
mod state;

mod id;
mod messages;
mod options;
mod progress;

mod sync;

mod events;
mod machine;
mod rate_limit;

mod driver;
mod job;
mod jobs;

pub mod qmp;

pub use driver::{Cancelled, JobDriver, JobHandle};
pub use events::{EventSink, JobNotification};
pub use id::{ID_LENGTH_MAX, check_id};
pub use job::Job;
pub use job::pause::PauseGuard;
pub use job::start::CreatedJob;
pub use job::transaction::Transaction;
pub use job::verbs::check_verb;
pub use jobs::Jobs;
pub use machine::JOBS_MAX;
pub use machine::job::JobOutcome;
pub use messages::{cannot_change, cannot_complete};
pub use options::{CancelMode, JobOptions, Speed};
pub use progress::JobProgress;
pub use schema::{JobInfo, JobStatus, JobStatusChange, JobType, JobVerb};
pub use state::{IllegalTransition, transition};
