//! A flush that hangs blocks the job that flushes and the client that waits for the job, but no
//! other client.
//!
//! More tests of mirrors: `tests/program/mirror.rs` (through QMP) and `tests/jobs/mirror.rs`.

use std::sync::Arc;

use block::copy::CopySlots;
use block::create::Qcow2Create;
use block::nodes::{Graph, NodeUse};
use block::options::{BlockdevOptions, BlockdevOptionsQcow2, BlockdevRef, BlockdevRefOrNull};
use block::testing::{Gate, add_slow_to_flush};
use job::{JobType, Jobs};
use qapi_core::testing::TestClient;
use qapi_core::{Events, Registry, Service, StateMap};
use serde_json::{Value, json};
use storage_daemon::block_job::{BlockJobContext, OnError};
use storage_daemon::chardevs::Chardevs;
use storage_daemon::exports::Exports;
use storage_daemon::jobs::mirror::{self, FinalBacking, MirrorOptions, MirrorScope};
use storage_daemon::jobs::prepare::JobArguments;
use storage_daemon::jobs::target::JobTarget;
use storage_daemon::objects::Objects;
use storage_daemon::schema::block_job::MirrorCopyMode;

const SIZE: u64 = 1 << 20;

/// A daemon with images on a disk whose flushes can be made to hang.
struct Fixture {
    service: Arc<Service>,
    context: BlockJobContext,
    graph: Graph,
    gate: Arc<Gate>,
}

impl Fixture {
    fn new() -> Self {
        let (events, graph) = (Events::new(), Graph::new());
        let context = BlockJobContext {
            jobs: Jobs::new(events.clone()),
            graph: graph.clone(),
            slots: CopySlots::default(),
            events: events.clone(),
        };
        let mut states = StateMap::default();
        states.insert(Arc::new(context.jobs.clone()));
        states.insert(Arc::new(graph.clone()));
        let objects = Objects::new(&graph);
        states.insert(Arc::new(Chardevs::default()));
        let exports = Exports::new(graph.clone(), events.clone(), objects.clone());
        states.insert(Arc::new(objects));
        states.insert(Arc::new(exports));
        states.insert(Arc::new(context.slots.clone()));
        states.insert(Arc::new(context.clone()));
        states.insert(Arc::new(events));
        let registry = Registry::collect().expect("the definitions are sound");
        let service = Service::new(registry, states).expect("all states are there");
        let gate = Gate::shut(0);
        gate.open();
        Fixture { service: Arc::new(service), context, graph, gate }
    }

    /// Creates an image on the slow disk. Returns the options to open it.
    fn image(&self, name: &str, read_only: bool, backing: Option<&str>) -> BlockdevOptions {
        let file = format!("{name}-file");
        add_slow_to_flush(&self.graph, &file, &self.gate);
        let file = || BlockdevRef::Reference(file.clone());
        let create = Qcow2Create::new(file(), SIZE);
        create.create(&self.graph).expect("an image can be made");
        let backing = match backing {
            Some(name) => BlockdevRef::from(name).into(),
            None => BlockdevRefOrNull::NONE,
        };
        let options = BlockdevOptionsQcow2::new(file()).backing(backing);
        BlockdevOptions::from(options).named(name).read_only(read_only)
    }

    async fn add(&self, name: &str, read_only: bool, backing: Option<&str>) {
        let (options, graph) = (self.image(name, read_only, backing), self.graph.clone());
        let added = tokio::task::spawn_blocking(move || graph.add(&options).map(drop));
        added.await.expect("no panic").expect("it can be opened");
    }

    async fn client(&self) -> TestClient {
        TestClient::negotiated(&self.service).await
    }

    /// Executes a command whose flush hangs, and checks that another client gets replies meanwhile.
    /// Returns the reply to the command, and the status of each job during the flush.
    async fn execute_with_hanging_flush(
        &self,
        command: &str,
        arguments: Value,
    ) -> (Value, Vec<String>) {
        self.gate.close();
        let mut client = self.client().await;
        client.send(execute(command, &arguments)).await;
        let waits = {
            let gate = Arc::clone(&self.gate);
            tokio::task::spawn_blocking(move || gate.wait_for(1))
        };
        waits.await.expect("a flush hangs");
        let jobs = self.client().await.ask(execute("query-jobs", &json!({}))).await;
        assert!(self.gate.waiting() > 0, "the flush ended before the other client had its reply");
        self.gate.open();
        let statuses = jobs["return"].as_array().expect("a list").iter();
        let statuses = statuses.map(|job| job["status"].as_str().unwrap_or_default().to_owned());
        (client.reply().await, statuses.collect())
    }
}

fn execute(command: &str, arguments: &Value) -> String {
    json!({ "execute": command, "arguments": arguments }).to_string()
}

/// Executes a command that must succeed.
async fn ask(client: &mut TestClient, command: &str, arguments: Value) {
    let reply = client.ask(execute(command, &arguments)).await;
    assert_eq!(reply, json!({ "return": {} }), "in reply to {command}");
}

/// Waits for the event that reports this status of the job.
async fn wait_for_status(client: &mut TestClient, status: &str) {
    loop {
        let message = client.message().await.expect("an event");
        if message["event"] == "JOB_STATUS_CHANGE" && message["data"]["status"] == status {
            return;
        }
    }
}

/// A kind of job: its images, and the command that creates it.
struct Kind {
    /// The name of each image, whether its node is read-only, and the backing node.
    images: &'static [(&'static str, bool, Option<&'static str>)],
    command: &'static str,
    arguments: Value,
    /// Whether the job becomes ready, and a client must complete it.
    becomes_ready: bool,
}

fn stream(top_read_only: bool) -> Kind {
    Kind {
        images: match top_read_only {
            false => &[("base", true, None), ("top", false, Some("base"))],
            true => &[("base", true, None), ("top", true, Some("base"))],
        },
        command: "block-stream",
        arguments: json!({ "device": "top" }),
        becomes_ready: false,
    }
}

fn commit() -> Kind {
    Kind {
        images: &[
            ("base", true, None),
            ("middle", true, Some("base")),
            ("top", false, Some("middle")),
        ],
        command: "block-commit",
        arguments: json!({ "device": "top", "top-node": "middle" }),
        becomes_ready: false,
    }
}

fn active_commit() -> Kind {
    Kind {
        images: &[("base", true, None), ("top", false, Some("base"))],
        command: "block-commit",
        arguments: json!({ "device": "top" }),
        becomes_ready: true,
    }
}

fn read_only_mirror() -> Kind {
    Kind {
        images: &[("source", true, None), ("target", false, None)],
        command: "blockdev-mirror",
        arguments: json!({ "device": "source", "target": "target", "sync": "full" }),
        becomes_ready: true,
    }
}

/// A fixture with a job that is pending.
async fn pending(kind: Kind) -> Fixture {
    let fixture = Fixture::new();
    for (name, read_only, backing) in kind.images {
        fixture.add(name, *read_only, *backing).await;
    }
    let mut client = fixture.client().await;
    let mut arguments = kind.arguments;
    arguments["job-id"] = "j0".into();
    arguments["auto-finalize"] = false.into();
    arguments["auto-dismiss"] = false.into();
    client.send(execute(kind.command, &arguments)).await;
    if kind.becomes_ready {
        wait_for_status(&mut client, "ready").await;
        client.send(execute("job-complete", &json!({ "id": "j0" }))).await;
    }
    wait_for_status(&mut client, "pending").await;
    fixture
}

#[tokio::test]
async fn other_clients_are_served_while_a_job_finalizes() {
    for kind in [stream(false), commit(), read_only_mirror()] {
        let command = kind.command;
        let fixture = pending(kind).await;
        let (reply, statuses) =
            fixture.execute_with_hanging_flush("job-finalize", json!({ "id": "j0" })).await;
        assert_eq!(reply, json!({ "return": {} }), "{command}");
        assert_eq!(statuses, ["pending"], "{command}");
        let mut client = fixture.client().await;
        ask(&mut client, "job-dismiss", json!({ "id": "j0" })).await;
    }
}

#[tokio::test]
async fn other_clients_are_served_while_nodes_become_read_only_again() {
    for kind in [stream(true), commit(), active_commit()] {
        let command = kind.command;
        let fixture = pending(kind).await;
        let (reply, statuses) =
            fixture.execute_with_hanging_flush("job-cancel", json!({ "id": "j0" })).await;
        assert_eq!(reply, json!({ "return": {} }), "{command}");
        assert_eq!(statuses, ["aborting"], "{command}");
    }
}

#[tokio::test]
async fn other_clients_are_served_while_a_refused_job_releases_its_nodes() {
    for kind in [stream(true), commit(), active_commit()] {
        let fixture = Fixture::new();
        for (name, read_only, backing) in kind.images {
            fixture.add(name, *read_only, *backing).await;
        }
        let mut arguments = kind.arguments;
        arguments["job-id"] = "j0".into();
        // This argument is checked after the nodes have been changed for the job.
        arguments["filter-node-name"] = "top".into();
        let (reply, _statuses) =
            fixture.execute_with_hanging_flush(kind.command, arguments).await;
        let refused = reply["error"]["desc"].as_str().unwrap_or_default();
        assert!(refused.ends_with("Duplicate nodes with node-name='top'"), "{reply}");
    }
}

#[tokio::test]
async fn other_clients_are_served_while_the_image_of_a_job_is_closed() {
    let fixture = Fixture::new();
    fixture.add("source", false, None).await;
    let (image, graph) = (fixture.image("target", false, None), fixture.graph.clone());
    let opening = move || graph.borrow_child(&image.into());
    let opened = tokio::task::spawn_blocking(opening).await.expect("no panic");
    let opened = opened.expect("it can be opened");
    let (source, target) = (fixture.graph.get("source"), Arc::clone(opened.node()));
    let source = source.expect("it is there");
    let options = MirrorOptions {
        job: JobArguments {
            job_id: Some("j0".to_owned()),
            auto_finalize: Some(false),
            ..JobArguments::default()
        },
        job_type: JobType::Mirror,
        source: Arc::clone(&source),
        target: JobTarget::opened(opened, None),
        scope: MirrorScope::Full,
        granularity: None,
        copy_mode: MirrorCopyMode::Background,
        on_error: OnError::both(None),
        filter_node_name: None,
        uses: vec![NodeUse::mirror_source(source), NodeUse::mirror_target(target)],
        writable: None,
        backing: FinalBacking::Unchanged,
    };
    let mut client = fixture.client().await;
    mirror::prepare(&fixture.context, options).expect("the nodes are free").start();
    wait_for_status(&mut client, "ready").await;
    client.send(execute("job-complete", &json!({ "id": "j0" }))).await;
    wait_for_status(&mut client, "pending").await;
    let (reply, statuses) =
        fixture.execute_with_hanging_flush("job-cancel", json!({ "id": "j0" })).await;
    assert_eq!(reply, json!({ "return": {} }));
    assert_eq!(statuses, ["aborting"]);
    assert!(fixture.graph.get("target").is_none(), "it is closed");
}
