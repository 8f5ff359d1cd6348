//! The daemon: sets up nodes and monitors as the command line describes, serves clients, and shuts
//! down in order.

mod allocator;
pub mod background;
mod closing;
mod confinement;
mod limits;
mod log;
mod log_queue;
mod metrics;
mod pidfile;
mod setup;
mod socket;

pub use setup::Setup;

use job::Jobs;
use libc::{SIGALRM, SIGIO, SIGPROF, SIGPWR, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXFSZ, c_int};
use qapi_core::{Error, ServeError, ServerVersion, Shutdown};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::block_job;
use crate::options::{OptionError, Settings};
use closing::ClosingThread;
use log_queue::LogGuard;
use pidfile::Pidfile;

/// The number of threads for blocking work. Copies occupy
/// [`COPY_REQUESTS_MAX`](block::copy::COPY_REQUESTS_MAX) of them at most: commands get a thread
/// even if all disks hang.
const BLOCKING_THREADS_MAX: usize = 512;
const _: () = assert!(block::copy::COPY_REQUESTS_MAX < BLOCKING_THREADS_MAX);

/// The number of turns of tasks after which the runtime looks for input of clients, so that busy
/// clients do not delay the others.
const EVENT_INTERVAL: u32 = 8;

/// Why the daemon did not start, or did not shut down cleanly.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// An option could not be carried out.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The PID file could not be created.
    #[error("cannot create PID file: {0}")]
    Pidfile(Error),
    /// The process could not be confined.
    #[error("--landlock: {0}")]
    Confinement(Error),
    /// The process could not go to the background.
    #[error("Cannot go to the background: {0}")]
    Daemonize(Error),
    /// The daemon in the background could not start. The text is its error.
    #[error("{0}")]
    Background(String),
    /// The server did not start, or stopped serving.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A system call failed.
    #[error("{0}")]
    Io(Error),
    /// Closing the nodes panicked.
    #[error("The nodes could not be closed")]
    NotClosed,
    /// A second signal ended the daemon while images were still open.
    #[error("ended before all images were closed")]
    Interrupted,
}

impl From<std::io::Error> for DaemonError {
    /// Converts to [`Error`] first, whose texts of system errors are those of QEMU.
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.into())
    }
}

/// The version that clients see: the name of this program, and the release of QEMU whose schema it
/// implements.
pub fn version() -> ServerVersion {
    ServerVersion::with_package(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")))
}

/// Runs a daemon until a client or a signal ends the daemon. As soon as clients can connect, calls
/// `ready` with a handle that shuts the daemon down.
///
/// Everything runs on the calling thread, except for blocking I/O. With the option `--landlock`,
/// the calling thread is confined, also after the daemon has ended.
///
/// # Errors
/// [`DaemonError`]. The sockets and the PID file of the daemon are removed even after an error.
pub fn run(
    settings: &Settings,
    ready: impl FnOnce(&Shutdown) -> std::io::Result<()>,
) -> Result<(), DaemonError> {
    run_extended(settings, async |_setup| Ok(()), ready)
}

/// As [`run`], for a program that does more than this daemon. When the steps of the command line
/// are carried out, calls `extend`, which can use the nodes and change the server.
///
/// # Errors
/// As for [`run`], and the error of `extend`.
pub fn run_extended(
    settings: &Settings,
    extend: impl AsyncFnOnce(&mut Setup) -> Result<(), OptionError>,
    ready: impl FnOnce(&Shutdown) -> std::io::Result<()>,
) -> Result<(), DaemonError> {
    run_logged(settings, extend, ready, &mut None)
}

/// As [`run_extended`]. The lines of the log are written until `log_guard` is dropped.
fn run_logged(
    settings: &Settings,
    extend: impl AsyncFnOnce(&mut Setup) -> Result<(), OptionError>,
    ready: impl FnOnce(&Shutdown) -> std::io::Result<()>,
    log_guard: &mut Option<LogGuard>,
) -> Result<(), DaemonError> {
    allocator::unmap_large_buffers();
    // Before the confinement, which the file of the log is not subject to.
    let output = log::open(&settings.log)?;
    // Before any other thread, as a thread is confined like the one that starts it.
    confinement::confine(&settings.landlock).map_err(DaemonError::Confinement)?;
    *log_guard = Some(log::install(&settings.log, output)?);
    limits::raise_open_files();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_stack_size(block::nodes::STACK_SIZE)
        .build()?;
    let result = runtime.block_on(serve(settings, extend, ready));
    // Does not wait for a thread that still reads standard input.
    runtime.shutdown_background();
    result
}

async fn serve(
    settings: &Settings,
    extend: impl AsyncFnOnce(&mut Setup) -> Result<(), OptionError>,
    ready: impl FnOnce(&Shutdown) -> std::io::Result<()>,
) -> Result<(), DaemonError> {
    let mut signals = Signals::new()?;
    let closing = ClosingThread::start()?;
    if let Some(address) = &settings.metrics {
        metrics::serve(address).map_err(|error| OptionError::Failed {
            name: "metrics",
            argument: address.clone(),
            error,
        })?;
    }
    let mut setup = Setup::new(settings)?;
    let (graph, jobs) = (setup.graph().clone(), setup.jobs().clone());
    let exports = setup.exports().clone();
    tokio::select! {
        result = setup.carry_out(&settings.steps) => result?,
        () = signals.any() => return Ok(()),
    }
    extend(&mut setup).await?;
    let _pidfile = settings.pidfile.as_deref().map(Pidfile::create).transpose();
    let _pidfile = _pidfile.map_err(DaemonError::Pidfile)?;
    let running = jobs.clone();
    let throttle_groups = graph.throttle_groups().clone();
    let server = setup.into_server().on_shutdown(async move {
        throttle_groups.end();
        end_jobs(&running).await;
    });
    let shutdown = server.shutdown();
    let serving = server.serve();
    tokio::pin!(serving);
    // The first poll of the server checks the registry. If the check fails, this function returns
    // the error and does not call `ready`.
    tokio::select! {
        biased;
        result = &mut serving => result?,
        () = std::future::ready(()) => {}
    }
    ready(&shutdown)?;
    let second_signal = async {
        signals.any().await;
        shutdown.request();
        signals.any().await;
    };
    let ended = async {
        serving.await?;
        end_jobs(&jobs).await;
        let close = move || {
            exports.close();
            graph.remove_all();
        };
        closing.run(close).await.ok_or(DaemonError::NotClosed)
    };
    // In both cases, returning from this function removes the sockets and the PID file, and does
    // not wait for threads.
    tokio::select! {
        result = ended => result,
        () = second_signal => Err(DaemonError::Interrupted),
    }
}

/// Releases the nodes of concluded jobs, and cancels all jobs. The nodes can be closed afterwards,
/// which leaves all images consistent and unlocked.
async fn end_jobs(jobs: &Jobs) {
    block_job::release_all_nodes(jobs).await;
    jobs.cancel_all().await;
}

/// The signals that shut the daemon down.
struct Signals([Signal; 3]);

/// The signals that have no effect, although their default is to end a process. QEMU's daemon
/// survives `SIGUSR1`, `SIGALRM` and `SIGIO`. With `SIGXFSZ`, a write beyond the limit of the
/// process fails with an error instead.
const WITHOUT_EFFECT: [c_int; 8] =
    [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGXFSZ];

impl Signals {
    fn new() -> std::io::Result<Self> {
        for number in WITHOUT_EFFECT {
            // The handler remains after the stream is dropped.
            drop(signal(SignalKind::from_raw(number))?);
        }
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Waits for any of the signals.
    async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
