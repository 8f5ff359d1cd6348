//! Clients save, load and delete snapshots of machines.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use block::create::{FileCreate, Preallocation, Qcow2Create};
use block::nodes::Graph;
use block::options::BlockdevOptions;
use job::Jobs;
use qapi_core::testing::TestClient;
use qapi_core::{Events, Registry, Service, StateMap};
use serde_json::{Value, json};
use tempfile::TempDir;
use vm::{Machine, VirtualMachine};

/// The error number of a full disk.
const ENOSPC: i32 = 28;

/// What the state of a [`TestMachine`] is like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The value of the machine.
    Whole,
    /// The machine has another name.
    OfOtherMachine,
    /// The state has a later version.
    OfLaterVersion,
    /// The state lacks its last byte.
    Short,
    /// The state has one more byte.
    Long,
    /// The state cannot be written.
    Unwritable,
    /// The machine panics while its state is written.
    Panicking,
}

/// A machine that consists of a value. A test can make it save a faulty state.
struct TestMachine {
    value: Arc<AtomicU64>,
    state: State,
    /// Passed before and after the state is saved.
    gate: Option<Arc<Barrier>>,
}

impl Machine for TestMachine {
    fn name(&self) -> &str {
        if self.state == State::OfOtherMachine { "other" } else { "test" }
    }
    fn version(&self) -> u32 {
        if self.state == State::OfLaterVersion { 2 } else { 1 }
    }
    fn stop(&self) {}
    fn start(&self) {}
    fn reset(&self) {
        self.value.store(0, Ordering::Relaxed);
    }
    fn clock(&self) -> Duration {
        Duration::from_millis(1500)
    }
    fn save(&self, state: &mut dyn Write) -> io::Result<()> {
        if let Some(gate) = &self.gate {
            gate.wait();
            gate.wait();
        }
        let value = self.value.load(Ordering::Relaxed).to_be_bytes();
        match self.state {
            State::Whole | State::OfOtherMachine | State::OfLaterVersion => {
                state.write_all(&value)
            }
            State::Short => state.write_all(&value[..7]),
            State::Long => state.write_all(&[&value[..], &[0]].concat()),
            State::Unwritable => Err(io::Error::from_raw_os_error(ENOSPC)),
            State::Panicking => panic!("as the test wants it"),
        }
    }
    fn load(&self, version: u32, state: &mut dyn Read) -> io::Result<()> {
        assert_eq!(version, 1);
        let mut value = [0; 8];
        state.read_exact(&mut value)?;
        self.value.store(u64::from_be_bytes(value), Ordering::Relaxed);
        Ok(())
    }
}

/// A folder with two disks.
struct Disks {
    graph: Graph,
    _folder: TempDir,
}

impl Disks {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let graph = Graph::new();
        for name in ["d0", "d1"] {
            let filename = folder.path().join(name).to_string_lossy().into_owned();
            let file = BlockdevOptions::file(filename.clone());
            let create = FileCreate { filename, size: 0, preallocation: Preallocation::Off };
            create.create(&AtomicBool::new(false)).unwrap();
            Qcow2Create::new(file.clone(), 1 << 20).create(&graph).unwrap();
            graph.add(&BlockdevOptions::qcow2(file).named(name)).unwrap();
        }
        Self { graph, _folder: folder }
    }

    /// The names and the sizes of the states of the snapshots of a node.
    fn snapshots(&self, node: &str) -> Vec<(String, u64)> {
        let snapshots = self.graph.get(node).unwrap().internal_snapshots().unwrap();
        let describe = |one: &block::image::qcow2::snapshots::Snapshot| {
            assert_eq!(one.vm_clock_nsec, 1_500_000_000);
            (one.name.clone(), one.vm_state_size)
        };
        snapshots.iter().map(describe).collect()
    }
}

/// A server with a machine.
struct Server {
    service: Arc<Service>,
    value: Arc<AtomicU64>,
}

impl Server {
    fn new(disks: &Disks, state: State, gate: Option<Arc<Barrier>>) -> Self {
        let value = Arc::new(AtomicU64::new(7));
        let events = Events::new();
        let machine = TestMachine { value: Arc::clone(&value), state, gate };
        let mut states = StateMap::default();
        states.insert(Arc::new(VirtualMachine::new(machine, events.clone())));
        states.insert(Arc::new(Jobs::new(events.clone())));
        states.insert(Arc::new(disks.graph.clone()));
        states.insert(Arc::new(events));
        let service = Service::new(Registry::collect().unwrap(), states).unwrap();
        Self { service: Arc::new(service), value }
    }

    async fn client(&self) -> TestClient {
        TestClient::negotiated(&self.service).await
    }
}

async fn ask(client: &mut TestClient, command: &str, arguments: Value) -> Value {
    client.ask(&json!({ "execute": command, "arguments": arguments }).to_string()).await
}

fn arguments(id: &str) -> Value {
    json!({ "job-id": id, "tag": "one", "vmstate": "d0", "devices": ["d0", "d1"] })
}

/// Runs a job to its end. Returns its error.
async fn run_job(client: &mut TestClient, command: &str) -> Option<String> {
    let mut arguments = arguments("j0");
    if command == "snapshot-delete" {
        arguments.as_object_mut().unwrap().remove("vmstate");
    }
    assert_eq!(ask(client, command, arguments).await, json!({ "return": {} }));
    let jobs = ask(client, "query-jobs", json!({})).await;
    let job = &jobs["return"][0];
    assert_eq!((&job["status"], &job["type"]), (&json!("concluded"), &json!(command)));
    ask(client, "job-dismiss", json!({ "id": "j0" })).await;
    job["error"].as_str().map(str::to_owned)
}

async fn status(client: &mut TestClient) -> String {
    let status = ask(client, "query-status", json!({})).await;
    status["return"]["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_machine_returns_to_its_snapshot() {
    let disks = Disks::new();
    let server = Server::new(&disks, State::Whole, None);
    let mut client = server.client().await;
    ask(&mut client, "cont", json!({})).await;
    assert_eq!(run_job(&mut client, "snapshot-save").await, None);
    let [with_state, disk_only] = ["d0", "d1"].map(|node| disks.snapshots(node));
    assert_eq!((with_state.len(), with_state[0].0.as_str()), (1, "one"));
    assert!(with_state[0].1 > 8, "{with_state:?}");
    assert_eq!(disk_only, [("one".to_owned(), 0)]);
    assert_eq!(status(&mut client).await, "running");

    server.value.store(8, Ordering::Relaxed);
    assert_eq!(run_job(&mut client, "snapshot-load").await, None);
    assert_eq!(server.value.load(Ordering::Relaxed), 7);
    assert_eq!(status(&mut client).await, "running");
    // A job is created and running; then waiting, pending, concluded and null.
    let job = "JOB_STATUS_CHANGE";
    let of_job = [job, job, "STOP", "RESUME", job, job, job, job];
    for event in ["RESUME"].into_iter().chain(of_job).chain(of_job) {
        client.event(event).await;
    }

    assert_eq!(run_job(&mut client, "snapshot-delete").await, None);
    assert!(["d0", "d1"].iter().all(|node| disks.snapshots(node).is_empty()));
}

#[tokio::test]
async fn a_state_that_does_not_fit_is_refused() {
    let table = [
        (State::OfOtherMachine, "Machine type received is 'other' and local is 'test'"),
        (
            State::OfLaterVersion,
            "The state of the machine has version 2, and this program reads up to 1",
        ),
        (State::Short, "Could not load the state of the machine: failed to fill whole buffer"),
        (State::Long, "The state of the machine has more bytes than the machine reads"),
    ];
    for (state, expected) in table {
        let disks = Disks::new();
        let mut saving = Server::new(&disks, state, None).client().await;
        assert_eq!(run_job(&mut saving, "snapshot-save").await, None);
        let server = Server::new(&disks, State::Whole, None);
        let mut client = server.client().await;
        ask(&mut client, "cont", json!({})).await;
        server.value.store(8, Ordering::Relaxed);
        assert_eq!(run_job(&mut client, "snapshot-load").await.as_deref(), Some(expected));
        assert_eq!(status(&mut client).await, "restore-vm");
        if state != State::Long {
            assert_eq!(server.value.load(Ordering::Relaxed), 8, "{expected}");
        }
        ask(&mut client, "cont", json!({})).await;
        assert_eq!(status(&mut client).await, "running");
    }
}

#[tokio::test]
async fn a_machine_that_cannot_be_saved_leaves_no_snapshot_and_runs() {
    let table = [
        (State::Unwritable, "Could not save the state of the machine: No space left on device"),
        (State::Panicking, "The machine has failed: its code panicked"),
    ];
    for (state, expected) in table {
        let disks = Disks::new();
        let mut client = Server::new(&disks, state, None).client().await;
        ask(&mut client, "cont", json!({})).await;
        assert_eq!(run_job(&mut client, "snapshot-save").await.as_deref(), Some(expected));
        assert!(["d0", "d1"].iter().all(|node| disks.snapshots(node).is_empty()));
        assert_eq!(status(&mut client).await, "running");
    }
}

#[tokio::test]
async fn other_clients_are_served_during_a_save_and_can_cancel_it() {
    let disks = Disks::new();
    let gate = Arc::new(Barrier::new(2));
    let server = Server::new(&disks, State::Whole, Some(Arc::clone(&gate)));
    let (mut saving, mut other) = (server.client().await, server.client().await);
    let save = tokio::spawn(async move {
        ask(&mut saving, "snapshot-save", arguments("s0")).await;
    });
    let pass = |gate: &Arc<Barrier>| {
        let gate = Arc::clone(gate);
        tokio::task::spawn_blocking(move || gate.wait())
    };
    pass(&gate).await.unwrap();
    assert_eq!(disks.graph.remove("d1").unwrap_err().to_string(), "Node d1 is in use");
    assert_eq!(status(&mut other).await, "prelaunch");
    ask(&mut other, "job-cancel", json!({ "id": "s0" })).await;
    pass(&gate).await.unwrap();
    save.await.unwrap();
    let jobs = ask(&mut other, "query-jobs", json!({})).await;
    assert_eq!(jobs["return"][0]["error"], "Operation canceled");
    assert!(["d0", "d1"].iter().all(|node| disks.snapshots(node).is_empty()));
}
