//! Follows jobs until they have ended.
//!
//! The end of a job cannot be missed: the list of jobs is queried first, and again after each
//! event. An end between two queries is in the events, which the connection delivers in order.

use std::collections::HashMap;
use std::time::Duration;

use qapi_core::client::Event;

use super::info::{Job, query_jobs};
use crate::connection::{Connection, within};
use crate::status::Result;

/// The time between two queries of the progress, of which there are no events.
const INTERVAL: Duration = Duration::from_millis(500);

/// The error of a job that was cancelled: the text of the error number `ECANCELED`.
const CANCELLED: &str = "Operation canceled";

/// The status at which following ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Until {
    /// The job has ended.
    Concluded,
    /// The job can be completed, or has ended.
    Ready,
    /// The job can be finalized, or has ended.
    Pending,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Completed,
    /// The error is `None` if the server dismissed the job before its error could be queried.
    Failed(Option<String>),
    Cancelled,
    /// The job has the status for which the caller waits.
    Reached(&'static str),
    /// The server has no such job, and there was no event of one.
    Absent,
}

/// What the events of a job say about its end.
#[derive(Debug, Default)]
struct Seen {
    is_aborting: bool,
    is_concluded: bool,
    is_cancelled: bool,
    error: Option<String>,
}

/// Follows the jobs `ids`, or all jobs that there are now, until each has ended or reached the
/// status `until`. Calls `on_change` for each change of a job.
///
/// # Errors
/// Those of [`query_jobs`] and of `on_change`.
pub(crate) async fn follow(
    connection: &mut Connection,
    ids: &[String],
    until: Until,
    mut on_change: impl FnMut(&Job) -> Result,
) -> Result<Vec<(String, End)>> {
    let mut last: HashMap<String, Job> = HashMap::new();
    let mut ends = Vec::new();
    let mut jobs = query_jobs(connection).await?;
    let mut open: Vec<String> = match ids {
        [] => jobs.iter().map(|job| job.id.clone()).collect(),
        ids => ids.to_vec(),
    };
    open.sort();
    open.dedup();
    let mut seen: HashMap<String, Seen> =
        open.iter().map(|id| (id.clone(), Seen::default())).collect();
    loop {
        let mut noted = |event: &Event| note(&mut seen, event);
        while connection.client.take_queued(&mut noted).is_some() {}
        let mut still_open = Vec::new();
        for id in open {
            let job = jobs.iter().find(|job| job.id == id);
            if let Some(job) = job.filter(|job| last.get(&id) != Some(job)) {
                on_change(job)?;
                last.insert(id.clone(), job.clone());
            }
            match end(job, seen.get(&id), last.contains_key(&id), until) {
                Some(end) => ends.push((id, end)),
                None => still_open.push(id),
            }
        }
        if still_open.is_empty() {
            return Ok(ends);
        }
        open = still_open;
        let next = connection.client.find_event(|event| note(&mut seen, event));
        if let Some(Err(error)) = within(Some(INTERVAL), next).await {
            return Err(connection.failure(error));
        }
        jobs = query_jobs(connection).await?;
    }
}

/// The end of a job, if it has ended. `was_listed`: an earlier list had the job.
fn end(job: Option<&Job>, seen: Option<&Seen>, was_listed: bool, until: Until) -> Option<End> {
    let Some(job) = job else {
        return Some(match seen {
            Some(seen) if seen.is_cancelled => End::Cancelled,
            Some(seen) if seen.is_aborting || seen.error.is_some() => {
                ended(seen.error.as_deref(), true)
            }
            Some(seen) if seen.is_concluded => End::Completed,
            // The event was lost, and with it how the job ended.
            _ if was_listed => End::Failed(None),
            _ => End::Absent,
        });
    };
    match (job.status.as_str(), until) {
        ("concluded" | "null", _) => Some(ended(job.error.as_deref(), false)),
        ("ready" | "standby", Until::Ready) => Some(End::Reached("ready")),
        ("pending", Until::Pending | Until::Ready) => Some(End::Reached("pending")),
        _ => None,
    }
}

/// The end of a job with this error.
fn ended(error: Option<&str>, has_failed: bool) -> End {
    match error {
        Some(CANCELLED) => End::Cancelled,
        Some(error) => End::Failed(Some(error.to_owned())),
        None if has_failed => End::Failed(None),
        None => End::Completed,
    }
}

/// Notes what an event says about a job that is followed. Other jobs are ignored, so that a server
/// cannot make the list longer. `None`: the event is about something else, and stays in the queue.
fn note(seen: &mut HashMap<String, Seen>, event: &Event) -> Option<()> {
    let text = |name: &str| event.data()?.get(name)?.as_str();
    match event.name() {
        "JOB_STATUS_CHANGE" => {
            let seen = seen.get_mut(text("id")?)?;
            match text("status")? {
                // A new job of this name.
                "created" => *seen = Seen::default(),
                "aborting" => seen.is_aborting = true,
                "concluded" => seen.is_concluded = true,
                _ => {}
            }
            Some(())
        }
        name @ ("BLOCK_JOB_COMPLETED" | "BLOCK_JOB_CANCELLED") => {
            let seen = seen.get_mut(text("device")?)?;
            seen.is_cancelled = name == "BLOCK_JOB_CANCELLED";
            seen.error = text("error").map(str::to_owned);
            Some(())
        }
        _ => None,
    }
}
