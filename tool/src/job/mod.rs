//! `qapi job`: the jobs of a server.

mod follow;
mod info;
mod progress;

use serde_json::{Map, Value, json};

use crate::connection::{Connection, ServerOptions, block_on, within};
use crate::json::{Style, print};
use crate::status::{Failure, Result};
use follow::{End, Until, follow};
use info::{Job, query_jobs};
use progress::Progress;

/// Show, follow and control the jobs of a server
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Print the jobs of the server, as `query-jobs` returns them
    List(Jobs),
    /// Print each change of the status and progress of jobs, until they have ended
    Watch(Jobs),
    /// Wait until jobs have ended; the exit status tells how
    Wait(Wait),
    /// Cancel a job
    Cancel(OneJob),
    /// Pause a job
    Pause(OneJob),
    /// Resume a job that is paused
    Resume(OneJob),
    /// Complete a job that is ready
    Complete(OneJob),
    /// Delete a job that is concluded from the list
    Dismiss(OneJob),
    /// Finalize a job that is pending
    Finalize(OneJob),
}

#[derive(Debug, clap::Args)]
struct OneJob {
    #[command(flatten)]
    server: ServerOptions,

    /// The id of the job
    id: String,
}

#[derive(Debug, clap::Args)]
struct Jobs {
    #[command(flatten)]
    server: ServerOptions,

    /// The ids of the jobs; all jobs of the server without any
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

/// Prints one line of JSON for each job: its id, its result and its error. The result is
/// `completed`, `failed`, `cancelled`, or the status that `--until` names.
#[derive(Debug, clap::Args)]
struct Wait {
    #[command(flatten)]
    jobs: Jobs,

    /// Delete concluded jobs from the server's list
    #[arg(long)]
    dismiss: bool,

    /// Return at this status already
    #[arg(long, value_name = "STATUS", default_value = "concluded")]
    until: Until,
}

/// Carries out the action. `quiet` suppresses the progress on standard error.
pub(crate) fn run(options: &Options, quiet: bool) -> Result {
    match &options.action {
        Action::List(jobs) => list(jobs),
        Action::Watch(jobs) => watch(jobs, quiet),
        Action::Wait(options) => wait(options, quiet),
        Action::Cancel(job) => verb(job, "job-cancel"),
        Action::Pause(job) => verb(job, "job-pause"),
        Action::Resume(job) => verb(job, "job-resume"),
        Action::Complete(job) => verb(job, "job-complete"),
        Action::Dismiss(job) => verb(job, "job-dismiss"),
        Action::Finalize(job) => verb(job, "job-finalize"),
    }
}

/// Calls a command whose only argument is the id of a job.
fn verb(job: &OneJob, command: &str) -> Result {
    block_on(async {
        let mut connection = job.server.connect().await?;
        let call = call_verb(&mut connection, &job.id, command);
        let reply = within(job.server.exchange_limit(), call).await;
        reply.unwrap_or_else(|| Err(job.server.no_reply()))
    })
}

async fn call_verb(connection: &mut Connection, id: &str, command: &str) -> Result {
    let arguments = Map::from_iter([("id".to_owned(), id.into())]);
    connection.call(command, Some(&arguments)).await.map(drop)
}

fn list(jobs: &Jobs) -> Result {
    let all = block_on(async {
        let mut connection = jobs.server.connect().await?;
        let reply = within(jobs.server.exchange_limit(), query_jobs(&mut connection)).await;
        reply.unwrap_or_else(|| Err(jobs.server.no_reply()))
    })?;
    let is_wanted = |job: &Job| jobs.ids.is_empty() || jobs.ids.contains(&job.id);
    if let Some(id) = jobs.ids.iter().find(|id| all.iter().all(|job| job.id != **id)) {
        return Err(no_such_job(id));
    }
    let wanted: Vec<Value> = all.into_iter().filter(is_wanted).map(|job| job.json).collect();
    print(&wanted.into(), Style::of_stdout())
}

fn watch(jobs: &Jobs, quiet: bool) -> Result {
    // A progress bar shows the same on a terminal.
    let mut progress = Progress::new(quiet);
    let is_shown = progress.has_bars();
    let on_change = |job: &Job| {
        progress.show(job);
        if is_shown { Ok(()) } else { print(&job.json, Style::Line) }
    };
    let ends = block_on(async {
        let mut connection = jobs.server.connect().await?;
        limited(&jobs.server, follow(&mut connection, &jobs.ids, Until::Concluded, on_change))
            .await
    })?;
    match ends.iter().find(|(_, end)| *end == End::Absent) {
        Some((id, _)) => Err(no_such_job(id)),
        None => Ok(()),
    }
}

fn wait(options: &Wait, quiet: bool) -> Result {
    let jobs = &options.jobs;
    let mut progress = Progress::new(quiet);
    let ends = block_on(async {
        let mut connection = jobs.server.connect().await?;
        let on_change = |job: &Job| {
            progress.show(job);
            Ok(())
        };
        let ends = follow(&mut connection, &jobs.ids, options.until, on_change);
        let ends = limited(&jobs.server, ends).await?;
        if options.dismiss {
            let dismiss = dismiss(&mut connection, &ends);
            let reply = within(jobs.server.exchange_limit(), dismiss).await;
            reply.unwrap_or_else(|| Err(jobs.server.no_reply()))?;
        }
        Ok(ends)
    })?;
    progress.finish();
    for (id, end) in ends.iter().filter(|(_, end)| *end != End::Absent) {
        print(&result(id, end), Style::Line)?;
    }
    // The worst end decides: a failure before an absence before a cancellation.
    let mut failures: Vec<_> = ends.iter().filter_map(|(id, end)| failure(id, end)).collect();
    failures.sort_by_key(|failure| match failure {
        Failure::JobFailed(_) => 0,
        Failure::Command(_) => 1,
        _ => 2,
    });
    failures.into_iter().next().map_or(Ok(()), Err)
}

/// Shows the progress of all jobs until they have ended, and returns how each ended.
///
/// # Errors
/// Those of [`Connection::call`]
pub(crate) async fn show(connection: &mut Connection) -> Result<Value> {
    let mut progress = Progress::new(false);
    let on_change = |job: &Job| {
        progress.show(job);
        Ok(())
    };
    let ends = follow(connection, &[], Until::Concluded, on_change).await?;
    progress.finish();
    Ok(ends.iter().map(|(id, end)| result(id, end)).collect())
}

/// Dismisses the jobs that are concluded and in the list.
async fn dismiss(connection: &mut Connection, ends: &[(String, End)]) -> Result {
    let concluded: Vec<String> = query_jobs(connection)
        .await?
        .into_iter()
        .filter(|job| job.status == "concluded" && ends.iter().any(|(id, _)| *id == job.id))
        .map(|job| job.id)
        .collect();
    for id in concluded {
        call_verb(connection, &id, "job-dismiss").await?;
    }
    Ok(())
}

/// Follows jobs within the time limit of `server`.
async fn limited<T>(
    server: &ServerOptions,
    follow: impl Future<Output = Result<T>>,
) -> Result<T> {
    within(server.waiting_limit(), follow).await.unwrap_or_else(|| {
        Err(Failure::TimedOut("the jobs have not ended within the time limit".to_owned()))
    })
}

/// How a job ended, for programs.
fn result(id: &str, end: &End) -> Value {
    match end {
        End::Failed(Some(error)) => json!({ "id": id, "result": "failed", "error": error }),
        End::Failed(None) => json!({ "id": id, "result": "failed" }),
        End::Cancelled => json!({ "id": id, "result": "cancelled" }),
        End::Completed | End::Absent => json!({ "id": id, "result": "completed" }),
        End::Reached(status) => json!({ "id": id, "result": status }),
    }
}

fn failure(id: &str, end: &End) -> Option<Failure> {
    match end {
        End::Completed | End::Reached(_) => None,
        End::Failed(Some(error)) => {
            Some(Failure::JobFailed(format!("job `{id}` failed: {error}")))
        }
        End::Failed(None) => Some(Failure::JobFailed(format!("job `{id}` failed"))),
        End::Cancelled => Some(Failure::JobCancelled(format!("job `{id}` was cancelled"))),
        End::Absent => Some(no_such_job(id)),
    }
}

fn no_such_job(id: &str) -> Failure {
    Failure::Command(format!("the server has no job `{id}`"))
}
