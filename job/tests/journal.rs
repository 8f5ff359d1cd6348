//! The journal of jobs, through its public interface: records, limits, kills and damage.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use job::journal::{Journal, JournalError, JournalOptions, Sync};
use job::{
    CancelMode, JobDriver, JobEnd, JobHandle, JobOptions, JobRecord, JobStatusChange, JobType,
    Jobs,
};
use qapi_core::Error;
use serde_json::{Value, json};

/// Returns a value, and then ends in this way.
struct Work {
    value: Value,
    end: JobEnd,
}

impl JobDriver for Work {
    async fn run(&self, job: &JobHandle) -> qapi_core::Result<()> {
        job.increase_remaining(2);
        job.advance(1);
        job.set_result(self.value.clone());
        match self.end {
            JobEnd::Completed => Ok(()),
            JobEnd::Failed => Err(Error::generic("no luck")),
            JobEnd::Cancelled => loop {
                job.entered().await?;
            },
        }
    }
}

/// An engine with a journal, whose events are dropped.
fn engine(journal: &Journal) -> Jobs {
    Jobs::with_recorder(|_: &JobStatusChange| {}, journal.clone())
}

async fn run(jobs: &Jobs, id: &str, end: JobEnd, value: Value) {
    let options = JobOptions::new(JobType::Create).id(id);
    let job = jobs.create(options, Work { value, end }, None).unwrap().start();
    if end == JobEnd::Cancelled {
        job.cancel(CancelMode::Force);
    }
    let _ = job.concluded().await;
}

fn ids(records: &[JobRecord]) -> Vec<&str> {
    records.iter().map(|record| record.id.as_str()).collect()
}

#[tokio::test]
async fn records_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let ends = [JobEnd::Completed, JobEnd::Failed, JobEnd::Cancelled];
    for sync in [Sync::EachRecord, Sync::Later] {
        let journal = Journal::open(&path, JournalOptions::default().sync(sync)).unwrap();
        let jobs = engine(&journal);
        for end in ends {
            run(&jobs, end.as_str(), end, json!({"number": [1, null]})).await;
        }
        // Internal jobs, and jobs that were never started, have no records.
        let internal = JobOptions::new(JobType::Create);
        let work = || Work { value: Value::Null, end: JobEnd::Completed };
        jobs.create(internal, work(), None).unwrap().start().concluded().await.unwrap();
        drop(jobs.create(JobOptions::new(JobType::Create).id("x"), work(), None).unwrap());
    }
    let journal = Journal::open(&path, JournalOptions::default()).unwrap();
    assert_eq!(journal.moved_aside(), None);
    let records = journal.history(usize::MAX).unwrap();
    assert_eq!(ids(&records), ["cancelled", "failed", "completed"].repeat(2));
    assert_eq!(ids(&journal.history(2).unwrap()), ["cancelled", "failed"]);
    let errors: Vec<_> = records.iter().map(|record| record.error.as_deref()).collect();
    assert_eq!(errors[..3], [Some("Operation canceled"), Some("no luck"), None]);
    for (record, end) in records.iter().zip(ends.iter().rev().cycle()) {
        assert_eq!(record.end, *end);
        assert_eq!(record.job_type, "create");
        assert!(record.ended_at >= record.created_at);
    }
    assert_eq!(records[2].result, Some(json!({"number": [1, null]})));
    assert_eq!((records[2].current_progress, records[2].total_progress), (1, 2));
}

#[tokio::test]
async fn the_number_of_records_and_the_size_of_results_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let options = JournalOptions::default().records(3).result_bytes(10);
    let journal = Journal::open(folder.path().join("journal"), options).unwrap();
    let jobs = engine(&journal);
    for (id, value) in [("a", "1"), ("b", "2"), ("c", "12345678"), ("d", "123456789")] {
        run(&jobs, id, JobEnd::Completed, json!(value)).await;
    }
    let records = journal.history(usize::MAX).unwrap();
    assert_eq!(ids(&records), ["d", "c", "b"]);
    let results: Vec<_> = records.into_iter().map(|record| record.result).collect();
    assert_eq!(results, [None, Some(json!("12345678")), Some(json!("2"))]);
}

#[tokio::test]
async fn a_damaged_journal_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let sound = {
        let journal = Journal::open(&path, JournalOptions::default()).unwrap();
        run(&engine(&journal), "a", JobEnd::Completed, Value::Null).await;
        drop(journal);
        std::fs::read(&path).unwrap()
    };
    let mut zeroed = sound.clone();
    zeroed[..512].fill(0);
    let mut noisy = sound.clone();
    noisy.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= (at % 251) as u8);
    let damaged = [
        b"not a journal".to_vec(),
        sound[..sound.len() / 2].to_vec(),
        sound[..100].to_vec(),
        zeroed,
        noisy,
    ];
    for (number, content) in damaged.iter().enumerate() {
        std::fs::write(&path, content).unwrap();
        let journal = Journal::open(&path, JournalOptions::default()).unwrap();
        let moved = folder.path().join(format!("journal.damaged{}", number + 1));
        assert_eq!(journal.moved_aside(), Some(moved.as_path()), "{number}");
        assert_eq!(journal.history(usize::MAX).unwrap(), []);
        run(&engine(&journal), "b", JobEnd::Completed, Value::Null).await;
        assert_eq!(ids(&journal.history(usize::MAX).unwrap()), ["b"]);
    }
}

#[test]
fn a_journal_that_cannot_be_used_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| Journal::open(path, JournalOptions::default());
    let path = folder.path().join("journal");
    let first = open(&path).unwrap();
    assert!(matches!(open(&path), Err(JournalError::InUse(_))));
    drop(first);
    assert!(open(&path).is_ok());
    let absent = folder.path().join("absent/journal");
    let text = open(&absent).unwrap_err().to_string();
    assert!(text.ends_with("journal': No such file or directory (os error 2)"), "{text}");
    assert!(matches!(open(folder.path()), Err(JournalError::Io(..))));
}

/// The variable with the path of the journal of a child process.
const CHILD: &str = "JOB_JOURNAL_CHILD";

/// The work of a child process: jobs one after the other, until it is killed. A line for each job
/// that is concluded is the acknowledgement.
#[tokio::test]
async fn child_process() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let options = JournalOptions::default().records(1_000_000);
    let journal = Journal::open(path, options).unwrap();
    let jobs = engine(&journal);
    let value = json!("x".repeat(20_000));
    for number in 0.. {
        let id = format!("j{}-{number}", std::process::id());
        run(&jobs, &id, JobEnd::Completed, value.clone()).await;
        // Not `println!`, whose output the test harness captures.
        writeln!(std::io::stdout(), "{id}").unwrap();
    }
}

/// Starts a child process by a command of the shell.
fn start_child(path: &Path, shell: &str) -> Child {
    Command::new("/bin/sh")
        .args(["-c", &format!("{shell} exec \"$0\" --exact child_process --nocapture")])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the child has acknowledged `count` jobs, kills it, and returns all that it has
/// acknowledged.
fn kill_after(mut child: Child, count: usize) -> Vec<String> {
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut lines = stdout.lines().map_while(Result::ok).filter(|line| line.starts_with('j'));
    let mut acknowledged: Vec<String> = lines.by_ref().take(count).collect();
    child.kill().unwrap();
    acknowledged.extend(lines);
    child.wait().unwrap();
    acknowledged
}

#[test]
fn no_kill_loses_an_acknowledged_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut acknowledged = Vec::new();
    for round in 0..100 {
        let before = acknowledged.len();
        acknowledged.extend(kill_after(start_child(&path, ""), round % 5));
        assert!(acknowledged.len() >= before + round % 5);
        if round % 10 == 9 {
            let journal = Journal::open(&path, JournalOptions::default()).unwrap();
            assert_eq!(journal.moved_aside(), None, "after {round} kills");
            let records = journal.history(usize::MAX).unwrap();
            let stored: HashSet<&str> = records.iter().map(|one| one.id.as_str()).collect();
            let lost = acknowledged.iter().find(|id| !stored.contains(id.as_str()));
            assert_eq!(lost, None, "after {round} kills");
        }
    }
}

#[test]
fn a_full_disk_loses_records_and_no_job() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    // A limit on the size of files has the effect of a full disk. The file holds about 100 records.
    let child = start_child(&path, "trap '' XFSZ; ulimit -f 8192;");
    let acknowledged = kill_after(child, 600);
    let journal = Journal::open(&path, JournalOptions::default()).unwrap();
    assert_eq!(journal.moved_aside(), None);
    let records = journal.history(usize::MAX).unwrap();
    assert!(!records.is_empty() && records.len() < acknowledged.len(), "{}", records.len());
    let first: Vec<&str> = acknowledged.iter().take(5).map(String::as_str).collect();
    assert_eq!(ids(&records).into_iter().rev().take(5).collect::<Vec<_>>(), first);
}
