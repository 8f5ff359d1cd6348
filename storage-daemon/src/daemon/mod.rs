//! The daemon: set up as the command line says, served, and taken down in order.

pub mod background;
mod pidfile;
mod setup;
mod socket;

pub use setup::Setup;

use block::nodes::Graph;
use job::Jobs;
use qapi_core::{Error, ServeError, ServerVersion, Shutdown};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::block_job;
use crate::options::{OptionError, Settings};
use pidfile::Pidfile;

/// Threads for work that blocks. Copies take no more than
/// [`COPY_REQUESTS_MAX`](block::copy::COPY_REQUESTS_MAX) of them, so that commands get theirs even
/// if all disks hang.
const BLOCKING_THREADS_MAX: usize = 512;
const _: () = assert!(block::copy::COPY_REQUESTS_MAX < BLOCKING_THREADS_MAX);

/// Why the daemon did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// An option could not be carried out.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The file with the process's number could not be made.
    #[error("cannot create PID file: {0}")]
    Pidfile(Error),
    /// The daemon that was to go to the background could not be started.
    #[error("{0}")]
    Background(String),
    /// The server did not start, or stopped serving.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Anything else.
    #[error("{0}")]
    Other(#[from] Error),
}

impl From<std::io::Error> for DaemonError {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// What this daemon tells clients that it is: its own name, with the release of QEMU whose schema
/// it follows.
pub fn version() -> ServerVersion {
    ServerVersion::with_package(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")))
}

/// Runs a daemon until a client or a signal ends it. `ready` is called when clients can connect,
/// with a handle that ends the daemon.
///
/// Everything happens on the calling thread, except for I/O that may take long.
///
/// # Errors
/// It could not be started as `settings` say. Whatever was set up has been taken down again.
pub fn run(
    settings: &Settings,
    ready: impl FnOnce(&Shutdown) -> std::io::Result<()>,
) -> Result<(), DaemonError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()?;
    let result = runtime.block_on(serve(settings, ready));
    // A thread that still reads standard input must not hold up the end.
    runtime.shutdown_background();
    result
}

async fn serve(
    settings: &Settings,
    ready: impl FnOnce(&Shutdown) -> std::io::Result<()>,
) -> Result<(), DaemonError> {
    let mut signals = Signals::new()?;
    let mut setup = Setup::new(settings.daemonize);
    let (graph, jobs) = (setup.graph().clone(), setup.jobs().clone());
    tokio::select! {
        result = setup.carry_out(&settings.steps) => result?,
        () = signals.any() => return Ok(()),
    }
    let _pidfile = settings.pidfile.as_deref().map(Pidfile::create).transpose();
    let _pidfile = _pidfile.map_err(DaemonError::Pidfile)?;
    let ending = jobs.clone();
    let server = setup.into_server().on_shutdown(async move {
        block_job::release_all_nodes(&ending).await;
        ending.cancel_all().await;
    });
    let shutdown = server.shutdown();
    let serving = server.serve();
    tokio::pin!(serving);
    // Faults that only the whole program can have come out before anybody hears that it is ready.
    tokio::select! {
        biased;
        result = &mut serving => result?,
        () = std::future::ready(()) => {}
    }
    ready(&shutdown)?;
    let told_twice = async {
        signals.any().await;
        shutdown.request();
        signals.any().await;
    };
    let ended = async {
        serving.await?;
        take_down(&jobs, graph).await
    };
    // Whoever leaves here removes the sockets and the file with the process's number, and waits
    // for no thread.
    tokio::select! {
        result = ended => result,
        () = told_twice => Err(Error::generic("ended before all images were closed").into()),
    }
}

/// Ends all jobs, then closes all nodes, so that every image is whole and unlocked.
async fn take_down(jobs: &Jobs, graph: Graph) -> Result<(), DaemonError> {
    block_job::release_all_nodes(jobs).await;
    jobs.cancel_all().await;
    let closed = tokio::task::spawn_blocking(move || graph.remove_all()).await;
    closed.map_err(|_panicked| Error::generic("The nodes could not be closed").into())
}

/// The signals by which a daemon is told to end.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Waits for one of them.
    async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
