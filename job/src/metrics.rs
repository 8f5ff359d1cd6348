//! Metrics of jobs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::jobs::Jobs;

/// Records the number of jobs of each type in each status, through the crate `metrics`: the gauge
/// `qmp_jobs` with the labels `type` and `status`. Requires the feature `metrics`.
///
/// The metrics of a server call [`record`](Self::record) with each sample:
///
/// ```
/// use job::{JobMetrics, Jobs};
/// use qapi_core::observe::Metrics;
/// use qapi_core::prelude::*;
///
/// let server = Server::new();
/// let jobs = Jobs::new(server.events());
/// let job_metrics = JobMetrics::new(jobs.clone());
/// let metrics = Metrics::new().sample(move || job_metrics.record());
/// let server = server.state(jobs).record_metrics(metrics);
/// # let _ = server;
/// ```
#[derive(Debug)]
pub struct JobMetrics {
    jobs: Jobs,
    /// The numbers of the last sample. A number that is no longer recorded is set to zero.
    last: Mutex<BTreeMap<Labels, u32>>,
}

/// The type and the status of jobs.
type Labels = (&'static str, &'static str);

impl JobMetrics {
    /// Metrics of the jobs of this engine.
    pub fn new(jobs: Jobs) -> Self {
        Self { jobs, last: Mutex::default() }
    }

    /// Sets the gauges to the present numbers.
    pub fn record(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.values_mut().for_each(|count| *count = 0);
        for job in self.jobs.list() {
            *last.entry((job.job_type().as_str(), job.status().as_str())).or_default() += 1;
        }
        for (&(job_type, status), count) in &*last {
            metrics::gauge!("qmp_jobs", "type" => job_type, "status" => status).set(*count);
        }
    }
}
