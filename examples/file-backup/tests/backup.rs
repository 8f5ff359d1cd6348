//! A client starts backups and controls them.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use file_backup::schema::{FileBackupErrorAction, FileBackupOnError};
use job::Jobs;
use qapi_core::testing::TestClient;
use qapi_core::{Events, Registry, Service, StateMap};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The size of the source in bytes: several requests of a backup.
const SIZE: usize = 300_000;

/// A client of a server with an engine for jobs, and a folder with a file `source`.
struct Fixture {
    client: TestClient,
    folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let events = Events::new();
        let mut states = StateMap::default();
        states.insert(Arc::new(Jobs::new(events.clone())));
        states.insert(Arc::new(events));
        let service = Service::new(Registry::collect().unwrap(), states).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("source"), content()).unwrap();
        Self { client: TestClient::negotiated(&Arc::new(service)).await, folder }
    }

    async fn execute(&mut self, command: &str, arguments: Value) -> Value {
        self.client.ask(&json!({ "execute": command, "arguments": arguments }).to_string()).await
    }

    async fn succeeds(&mut self, command: &str, arguments: Value) {
        assert_eq!(self.execute(command, arguments).await, json!({ "return": {} }));
    }

    /// The arguments of a backup of `source` to a file that is called like the job. The job stays
    /// in the list when it is concluded.
    fn backup(&self, id: &str, source: &str) -> Value {
        let path = |name: &str| self.folder.path().join(name);
        json!({ "job-id": id, "source": path(source), "target": path(id), "auto-dismiss": false })
    }

    /// Waits until the job has passed through these states.
    async fn wait_for_states(&mut self, id: &str, states: &[&str]) {
        for status in states {
            let data = self.client.event("JOB_STATUS_CHANGE").await;
            assert_eq!(data, json!({ "id": id, "status": status }));
        }
    }

    /// The entries of `query-jobs`.
    async fn jobs(&mut self) -> Value {
        self.execute("query-jobs", json!({})).await["return"].clone()
    }

    /// Waits until there are `count` jobs, all of them in this state. Returns their entries.
    async fn wait_for(&mut self, count: usize, status: &str) -> Value {
        loop {
            let jobs = self.jobs().await;
            let list = jobs.as_array().unwrap();
            if list.len() == count && list.iter().all(|job| job["status"] == status) {
                return jobs;
            }
            tokio::task::yield_now().await;
        }
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.path().join(name)).ok()
    }
}

fn content() -> Vec<u8> {
    (0..SIZE).map(|index| (index % 251) as u8).collect()
}

fn truncate(path: &Path, length: usize) {
    std::fs::File::options().write(true).open(path).unwrap().set_len(length as u64).unwrap();
}

const SUCCESS: [&str; 5] = ["created", "running", "waiting", "pending", "concluded"];

#[tokio::test]
async fn a_backup_is_a_copy_and_reports_its_progress() {
    let mut fixture = Fixture::new().await;
    let backup = fixture.backup("j0", "source");
    fixture.succeeds("file-backup", backup).await;
    fixture.wait_for_states("j0", &SUCCESS).await;
    let job = fixture.jobs().await[0].clone();
    assert_eq!(job["type"], "__org.example_file-backup");
    assert_eq!((&job["current-progress"], &job["total-progress"]), (&json!(SIZE), &json!(SIZE)));
    fixture.succeeds("job-dismiss", json!({ "id": "j0" })).await;
    assert_eq!(fixture.read("j0"), Some(content()));
}

#[tokio::test]
async fn a_target_that_exists_is_refused_and_stays() {
    let mut fixture = Fixture::new().await;
    std::fs::write(fixture.folder.path().join("j0"), "other").unwrap();
    let backup = fixture.backup("j0", "source");
    let refused = fixture.execute("file-backup", backup).await;
    assert!(refused["error"]["desc"].as_str().unwrap().starts_with("Could not create '"));
    assert_eq!(fixture.read("j0").unwrap(), b"other");
}

#[tokio::test]
async fn a_slow_backup_can_be_paused_sped_up_and_cancelled() {
    let mut fixture = Fixture::new().await;
    for id in ["j0", "j1"] {
        // The second request would come after half a day.
        let mut backup = fixture.backup(id, "source");
        backup["speed"] = json!(1);
        fixture.succeeds("file-backup", backup).await;
        fixture.wait_for_states(id, &["created", "running"]).await;
        fixture.succeeds("job-pause", json!({ "id": id })).await;
        fixture.wait_for_states(id, &["paused"]).await;
        fixture.succeeds("job-resume", json!({ "id": id })).await;
        fixture.wait_for_states(id, &["running"]).await;
    }

    let speed = json!({ "id": "j0", "speed": -1 });
    let refused = fixture.execute("file-backup-set-speed", speed).await;
    let expected = "Parameter 'speed' expects a non-negative value";
    assert_eq!(refused["error"]["desc"], expected);
    fixture.succeeds("file-backup-set-speed", json!({ "id": "j0", "speed": 0 })).await;
    fixture.wait_for_states("j0", &["waiting", "pending", "concluded"]).await;
    assert_eq!(fixture.read("j0"), Some(content()));

    fixture.succeeds("job-cancel", json!({ "id": "j1" })).await;
    fixture.wait_for_states("j1", &["aborting", "concluded"]).await;
    assert_eq!(fixture.read("j1"), None);
}

#[tokio::test]
async fn a_backup_stopped_by_an_error_repeats_the_request_when_it_is_resumed() {
    let mut fixture = Fixture::new().await;
    let mut backup = fixture.backup("j0", "source");
    backup["on-source-error"] = json!("stop");
    // The second request waits for half a day.
    backup["speed"] = json!(1);
    fixture.succeeds("file-backup", backup).await;
    fixture.succeeds("job-pause", json!({ "id": "j0" })).await;
    fixture.wait_for_states("j0", &["created", "running", "paused"]).await;
    let source = fixture.folder.path().join("source");
    truncate(&source, SIZE / 2);
    fixture.succeeds("file-backup-set-speed", json!({ "id": "j0", "speed": 0 })).await;

    fixture.succeeds("job-resume", json!({ "id": "j0" })).await;
    fixture.wait_for_states("j0", &["running"]).await;
    let error = fixture.client.event("FILE_BACKUP_ERROR").await;
    assert_eq!(error, json!({ "id": "j0", "operation": "read", "action": "stop" }));
    fixture.wait_for_states("j0", &["paused"]).await;
    assert!(fixture.jobs().await[0]["current-progress"].as_u64().unwrap() < SIZE as u64);

    std::fs::write(&source, content()).unwrap();
    fixture.succeeds("job-resume", json!({ "id": "j0" })).await;
    fixture.wait_for_states("j0", &["running", "waiting", "pending", "concluded"]).await;
    assert_eq!(fixture.read("j0"), Some(content()));
}

#[tokio::test]
async fn a_reported_error_fails_the_whole_transaction() {
    let mut fixture = Fixture::new().await;
    std::fs::create_dir(fixture.folder.path().join("folder")).unwrap();
    let backups = [fixture.backup("j0", "source"), fixture.backup("j1", "folder")];
    fixture.succeeds("file-backup-transaction", json!({ "backups": backups })).await;
    let jobs = fixture.wait_for(2, "concluded").await;
    assert!(jobs[0]["error"].as_str().unwrap().starts_with("Is a directory"), "{jobs}");
    assert_eq!(jobs[1]["error"], "Operation canceled");
    assert_eq!((fixture.read("j0"), fixture.read("j1")), (None, None));
}

#[tokio::test]
async fn one_client_finalizes_a_transaction_as_a_whole() {
    let mut fixture = Fixture::new().await;
    let mut backups = [fixture.backup("j0", "source"), fixture.backup("j1", "source")];
    backups[0]["auto-finalize"] = json!(false);
    fixture.succeeds("file-backup-transaction", json!({ "backups": backups })).await;
    fixture.wait_for(2, "pending").await;
    fixture.succeeds("job-finalize", json!({ "id": "j1" })).await;
    fixture.wait_for(2, "concluded").await;
    assert_eq!((fixture.read("j0"), fixture.read("j1")), (Some(content()), Some(content())));
}

#[tokio::test]
async fn a_transaction_with_a_refused_member_starts_no_job() {
    let mut fixture = Fixture::new().await;
    let backups = [fixture.backup("j0", "source"), fixture.backup("j0 again", "source")];
    let refused = fixture.execute("file-backup-transaction", json!({ "backups": backups })).await;
    assert_eq!(refused["error"]["desc"], "Invalid job ID 'j0 again'");
    fixture.wait_for_states("j0", &["created", "aborting", "concluded", "null"]).await;
    assert_eq!((fixture.read("j0"), fixture.read("j0 again")), (None, None));
}

#[test]
fn each_policy_has_its_action() {
    let (full, other) = (Error::from(ErrorKind::StorageFull), Error::from(ErrorKind::NotFound));
    let actions = FileBackupOnError::ALL.iter().map(|policy| policy.action(&full));
    let expected = [
        FileBackupErrorAction::Report,
        FileBackupErrorAction::Ignore,
        FileBackupErrorAction::Stop,
        FileBackupErrorAction::Stop,
    ];
    assert!(actions.eq(expected));
    assert_eq!(FileBackupOnError::Enospc.action(&other), FileBackupErrorAction::Report);
}
