//! The jobs of a server, for a client: waiting for the end of a job, and its progress as a stream.
//!
//! ```no_run
//! use job::client::{JobEnd, wait_for_job};
//! use qapi_core::client::Client;
//!
//! # async fn example() -> qapi_core::client::Result<()> {
//! let mut client = Client::connect_unix("/run/storage.sock").await?;
//! match wait_for_job(&mut client, "backup0").await? {
//!     JobEnd::Completed => println!("done"),
//!     JobEnd::Failed(Some(error)) => println!("failed: {error}"),
//!     JobEnd::Failed(None) => println!("failed, or cancelled"),
//!     _ => println!("the server has no such job"),
//! }
//! # Ok(())
//! # }
//! ```

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use qapi_core::client::{Client, Result};

use crate::qmp::query_jobs;
use crate::schema::{JobInfo, JobStatus, JobStatusChange};

/// How a job ended, as far as a client can see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobEnd {
    /// The job did its work.
    Completed,
    /// The job failed or was cancelled. The reason is `None` if the server dismissed the job
    /// before the client could query it.
    Failed(Option<String>),
    /// The server has no such job, and the client has received no event of its end. The job ended
    /// before the client connected, or never existed.
    Gone,
}

/// Waits until the job `id` is concluded or gone. A job that needs `job-finalize` or `job-complete`
/// does not end by itself.
///
/// The end cannot be missed: the function queries the job first, and again after each event of its
/// status. Events of other jobs and of other names stay in the client's queue; those of this job
/// are removed.
///
/// # Cancel safety
/// A call that is dropped may be repeated. It loses events of this job only, and the next call
/// queries the job.
///
/// # Errors
/// The errors of [`Client::execute`]. After an error of the connection, repeat the call with a new
/// connection.
pub async fn wait_for_job(client: &mut Client, id: &str) -> Result<JobEnd> {
    let mut seen = Seen::default();
    loop {
        let job = find(client, id).await?;
        while let Some(status) = client.take_queued(|event| status_of(event, id)) {
            seen.note(status);
        }
        match job {
            None => return Ok(seen.end()),
            Some(job) if job.status == JobStatus::Concluded => {
                return Ok(match job.error {
                    None => JobEnd::Completed,
                    error => JobEnd::Failed(error),
                });
            }
            Some(_) => {}
        }
        let status = client.find_event(|event| status_of(event, id)).await?;
        seen.note(status);
    }
}

/// The events of a job that a client has received.
#[derive(Debug, Default)]
struct Seen {
    aborting: bool,
    concluded: bool,
}

impl Seen {
    fn note(&mut self, status: JobStatus) {
        match status {
            // A new job of this name.
            JobStatus::Created => *self = Self::default(),
            JobStatus::Aborting => self.aborting = true,
            JobStatus::Concluded => self.concluded = true,
            _ => {}
        }
    }

    /// The end of a job that is not in the list.
    fn end(&self) -> JobEnd {
        match (self.aborting, self.concluded) {
            (true, _) => JobEnd::Failed(None),
            (false, true) => JobEnd::Completed,
            (false, false) => JobEnd::Gone,
        }
    }
}

/// The progress and status of the job `id`, as a stream that ends with the job.
///
/// The stream queries the job every `interval` and at each event of its status, and yields what has
/// changed since the item before. Its last item is the concluded job, if the job is in the list
/// then. After an error the stream ends.
///
/// ```no_run
/// use futures_core::Stream;
/// use qapi_core::client::Client;
/// use std::{future::poll_fn, pin::pin, time::Duration};
///
/// # async fn example(client: &mut Client) -> qapi_core::client::Result<()> {
/// let mut progress = pin!(job::client::progress(client, "backup0", Duration::from_secs(1)));
/// while let Some(job) = poll_fn(|context| progress.as_mut().poll_next(context)).await {
///     let job = job?;
///     println!("{}: {} of {}", job.status, job.current_progress, job.total_progress);
/// }
/// # Ok(())
/// # }
/// ```
pub fn progress<'a>(client: &'a mut Client, id: &str, interval: Duration) -> Progress<'a> {
    let watch = Watch { client, id: id.to_owned(), interval, last: None };
    Progress { step: Some(Box::pin(watch.next())) }
}

/// The stream that [`progress`] returns.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Progress<'a> {
    /// `None` after the end.
    step: Option<Pin<Box<Step<'a>>>>,
}

/// Waits for the next item; `None` in place of the watch means that no item follows.
type Step<'a> = dyn Future<Output = (Option<Result<JobInfo>>, Option<Watch<'a>>)> + Send + 'a;

impl std::fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("ended", &self.step.is_none()).finish()
    }
}

impl Stream for Progress<'_> {
    type Item = Result<JobInfo>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        let Some(step) = &mut self.step else { return Poll::Ready(None) };
        let (item, watch) = ready!(step.as_mut().poll(context));
        self.step = watch.map(|watch| Box::pin(watch.next()) as Pin<Box<Step<'_>>>);
        Poll::Ready(item)
    }
}

/// The state of a [`Progress`] between two items.
struct Watch<'a> {
    client: &'a mut Client,
    id: String,
    interval: Duration,
    last: Option<JobInfo>,
}

impl<'a> Watch<'a> {
    async fn next(mut self) -> (Option<Result<JobInfo>>, Option<Watch<'a>>) {
        loop {
            if self.last.is_some() {
                let changed = self.client.find_event(|event| status_of(event, &self.id));
                // The event only ends the wait.
                let _ = tokio::time::timeout(self.interval, changed).await;
            }
            match find(self.client, &self.id).await {
                Err(error) => return (Some(Err(error)), None),
                Ok(None) => return (None, None),
                Ok(Some(job)) if job.status == JobStatus::Concluded => {
                    return (Some(Ok(job)), None);
                }
                Ok(found) if found == self.last => {}
                Ok(Some(job)) => {
                    self.last = Some(job.clone());
                    return (Some(Ok(job)), Some(self));
                }
            }
        }
    }
}

async fn find(client: &mut Client, id: &str) -> Result<Option<JobInfo>> {
    let jobs = client.execute(&query_jobs {}).await?;
    Ok(jobs.into_iter().find(|job| job.id == id))
}

/// The new status, if `event` is a change of the status of the job `id`.
fn status_of(event: &qapi_core::client::Event, id: &str) -> Option<JobStatus> {
    let change = event.read::<JobStatusChange>()?.ok()?;
    (change.id == id).then_some(change.status)
}
