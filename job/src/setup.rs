//! Jobs as a part of a server, in one call.

use qapi_core::Server;

#[cfg(feature = "metrics")]
use qapi_core::observe::Metrics;

use crate::events::ResultEvents;
use crate::extensions::{result_registrations, speed_registrations};
use crate::jobs::Jobs;
#[cfg(feature = "metrics")]
use crate::metrics::JobMetrics;
#[cfg(feature = "journal")]
use crate::{extensions::history_registrations, journal::Journal};

/// Adds jobs to a server. Requires the feature `server`.
///
/// The server has the engine as state, sends the events of jobs, and cancels all jobs before it
/// ends. Each method adds what QEMU does not have.
///
/// ```no_run
/// use job::JobSetup;
/// use job::journal::{Journal, JournalOptions};
/// use qapi_core::Server;
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let journal = Journal::open("/var/lib/demo/jobs.redb", JournalOptions::default())?;
///     let setup = JobSetup::new().results().speed().journal(journal);
///     setup.add_to(Server::new()).listen_unix("/run/demo.sock")?.run()?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Default)]
#[must_use = "the server has no jobs until `add_to` is called"]
pub struct JobSetup {
    results: bool,
    speed: bool,
    #[cfg(feature = "journal")]
    journal: Option<Journal>,
    #[cfg(feature = "metrics")]
    metrics: Option<Metrics>,
}

impl JobSetup {
    /// Jobs as in QEMU.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the command and the event for the results of jobs; see
    /// [`extensions`](crate::extensions::result_registrations).
    pub fn results(mut self) -> Self {
        self.results = true;
        self
    }

    /// Adds the command for the speed of jobs of any kind; see
    /// [`extensions`](crate::extensions::speed_registrations).
    pub fn speed(mut self) -> Self {
        self.speed = true;
        self
    }

    /// Records how jobs end in `journal`, and adds the command that reads it; see
    /// [`extensions`](crate::extensions::history_registrations).
    #[cfg(feature = "journal")]
    pub fn journal(mut self, journal: Journal) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Records metrics of the server, as [`Server::record_metrics`] does, and of its jobs; see
    /// [`JobMetrics`].
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Adds the jobs to `server`.
    pub fn add_to(self, mut server: Server) -> Server {
        let jobs = self.engine(&server);
        if self.results {
            server = server.register(result_registrations());
        }
        if self.speed {
            server = server.register(speed_registrations());
        }
        #[cfg(feature = "journal")]
        if let Some(journal) = self.journal {
            server = server.state(journal).register(history_registrations());
        }
        #[cfg(feature = "metrics")]
        if let Some(metrics) = self.metrics {
            let of_jobs = JobMetrics::new(jobs.clone());
            server = server.record_metrics(metrics.sample(move || of_jobs.record()));
        }
        let at_shutdown = jobs.clone();
        server.state(jobs).on_shutdown(async move { at_shutdown.cancel_all().await })
    }

    /// The engine, which sends the events of jobs to the clients of `server`.
    fn engine(&self, server: &Server) -> Jobs {
        let events = server.events();
        #[cfg(feature = "journal")]
        if let Some(journal) = self.journal.clone() {
            return if self.results {
                Jobs::with_recorder(ResultEvents::new(events), journal)
            } else {
                Jobs::with_recorder(events, journal)
            };
        }
        if self.results { Jobs::new(ResultEvents::new(events)) } else { Jobs::new(events) }
    }
}
