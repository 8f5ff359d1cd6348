//! The list of jobs.

use serde_json::Value;

use crate::connection::Connection;
use crate::status::{Failure, Result};

/// A job in the list. Its type and status are those of any server, also unknown ones.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) error: Option<String>,
    /// The progress and its total, in units of the job's type.
    pub(crate) progress: (u64, u64),
    /// The job as the server described it.
    pub(crate) json: Value,
}

/// The jobs of the server.
///
/// # Errors
/// Those of [`Connection::call`], and [`Failure::Connection`] if the reply is no list of jobs.
pub(crate) async fn query_jobs(connection: &mut Connection) -> Result<Vec<Job>> {
    let reply = connection.call("query-jobs", None).await?;
    let jobs: Option<Vec<Job>> = match reply {
        Value::Array(jobs) => jobs.into_iter().map(Job::read).collect(),
        _ => None,
    };
    jobs.ok_or_else(|| Failure::Connection("`query-jobs` returns no list of jobs".to_owned()))
}

impl Job {
    fn read(json: Value) -> Option<Self> {
        let text = |name: &str| Some(json.get(name)?.as_str()?.to_owned());
        let number = |name: &str| json.get(name).and_then(Value::as_u64).unwrap_or(0);
        Some(Self {
            id: text("id")?,
            status: text("status")?,
            error: text("error"),
            progress: (number("current-progress"), number("total-progress")),
            json,
        })
    }
}
