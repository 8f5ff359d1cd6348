//! A disk on which a flush hangs holds up the job that flushes, and the client who waits for it;
//! no other client.

use std::sync::Arc;

use block::copy::CopySlots;
use block::create::Qcow2Create;
use block::nodes::{Graph, NodeUse};
use block::options::{BlockdevOptions, BlockdevOptionsQcow2, BlockdevRef, BlockdevRefOrNull};
use block::testing::{Gate, add_slow_to_flush};
use job::{JobOptions, JobType, Jobs};
use qapi_core::StateMap;
use qapi_core::testing::TestClient;
use qapi_core::{Events, Registry, Service};
use serde_json::{Value, json};

use super::mirror::{self, FinalBacking, MirrorOptions, MirrorScope};
use super::target::JobTarget;
use crate::block_job::{BlockJobContext, OnError};
use crate::blocking::blocking;
use crate::schema::block_job::MirrorCopyMode;

const SIZE: u64 = 1 << 20;

/// A daemon with images on a slow disk. The disk is quick at first.
struct Bench {
    service: Arc<Service>,
    daemon: BlockJobContext,
    graph: Graph,
    gate: Arc<Gate>,
}

impl Bench {
    fn new() -> Self {
        let (events, graph) = (Events::new(), Graph::new());
        let daemon = BlockJobContext {
            jobs: Jobs::new(events.clone()),
            graph: graph.clone(),
            slots: CopySlots::default(),
            events: events.clone(),
        };
        let mut states = StateMap::default();
        states.insert(Arc::new(daemon.jobs.clone()));
        states.insert(Arc::new(graph.clone()));
        states.insert(Arc::new(daemon.slots.clone()));
        states.insert(Arc::new(daemon.clone()));
        states.insert(Arc::new(events));
        let registry = Registry::collect().expect("the definitions are sound");
        let service = Service::new(registry, states).expect("all states are there");
        let gate = Gate::shut(0);
        gate.open();
        Bench { service: Arc::new(service), daemon, graph, gate }
    }

    /// A new image on the slow disk, and what it is to be.
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

    /// Has a client execute a command whose flush hangs; others are answered meanwhile. Gives the
    /// reply that comes when the disk goes on, and what the jobs were while it did not.
    async fn hangs(&self, command: &str, arguments: Value) -> (Value, Vec<String>) {
        self.gate.close();
        let mut client = self.client().await;
        client.send(execute(command, &arguments)).await;
        let waits = {
            let gate = Arc::clone(&self.gate);
            tokio::task::spawn_blocking(move || gate.wait_for(1))
        };
        waits.await.expect("a flush hangs");
        let jobs = self.client().await.ask(execute("query-jobs", &json!({}))).await;
        assert!(self.gate.waiting() > 0, "the flush was over before others were answered");
        self.gate.open();
        let statuses = jobs["return"].as_array().expect("a list").iter();
        let statuses = statuses.map(|job| job["status"].as_str().unwrap_or_default().to_owned());
        (client.reply().await, statuses.collect())
    }
}

fn execute(command: &str, arguments: &Value) -> String {
    json!({ "execute": command, "arguments": arguments }).to_string()
}

/// Executes a command that succeeds.
async fn ask(client: &mut TestClient, command: &str, arguments: Value) {
    let reply = client.ask(execute(command, &arguments)).await;
    assert_eq!(reply, json!({ "return": {} }), "in reply to {command}");
}

/// Waits until the job is in a status.
async fn comes_to(client: &mut TestClient, status: &str) {
    loop {
        let message = client.message().await.expect("an event");
        if message["event"] == "JOB_STATUS_CHANGE" && message["data"]["status"] == status {
            return;
        }
    }
}

/// Which images a job is about, and how it is begun.
struct Kind {
    /// Their names, whether they are read-only, and their backing nodes.
    images: &'static [(&'static str, bool, Option<&'static str>)],
    command: &'static str,
    arguments: Value,
    /// Whether it has to be told to complete.
    gets_ready: bool,
}

fn stream(top_read_only: bool) -> Kind {
    Kind {
        images: match top_read_only {
            false => &[("base", true, None), ("top", false, Some("base"))],
            true => &[("base", true, None), ("top", true, Some("base"))],
        },
        command: "block-stream",
        arguments: json!({ "device": "top" }),
        gets_ready: false,
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
        gets_ready: false,
    }
}

fn active_commit() -> Kind {
    Kind {
        images: &[("base", true, None), ("top", false, Some("base"))],
        command: "block-commit",
        arguments: json!({ "device": "top" }),
        gets_ready: true,
    }
}

fn read_only_mirror() -> Kind {
    Kind {
        images: &[("source", true, None), ("target", false, None)],
        command: "blockdev-mirror",
        arguments: json!({ "device": "source", "target": "target", "sync": "full" }),
        gets_ready: true,
    }
}

/// A job that has done its work and waits for a client.
async fn pending(kind: Kind) -> Bench {
    let bench = Bench::new();
    for (name, read_only, backing) in kind.images {
        bench.add(name, *read_only, *backing).await;
    }
    let mut client = bench.client().await;
    let mut arguments = kind.arguments;
    arguments["job-id"] = "j0".into();
    arguments["auto-finalize"] = false.into();
    arguments["auto-dismiss"] = false.into();
    client.send(execute(kind.command, &arguments)).await;
    if kind.gets_ready {
        comes_to(&mut client, "ready").await;
        client.send(execute("job-complete", &json!({ "id": "j0" }))).await;
    }
    comes_to(&mut client, "pending").await;
    bench
}

#[tokio::test]
async fn results_are_put_in_place_while_others_are_served() {
    for kind in [stream(false), commit(), read_only_mirror()] {
        let command = kind.command;
        let bench = pending(kind).await;
        let (reply, statuses) = bench.hangs("job-finalize", json!({ "id": "j0" })).await;
        assert_eq!(reply, json!({ "return": {} }), "{command}");
        assert_eq!(statuses, ["pending"], "{command}");
        let mut client = bench.client().await;
        ask(&mut client, "job-dismiss", json!({ "id": "j0" })).await;
    }
}

#[tokio::test]
async fn nodes_refuse_writes_again_while_others_are_served() {
    for kind in [stream(true), commit(), active_commit()] {
        let command = kind.command;
        let bench = pending(kind).await;
        let (reply, statuses) = bench.hangs("job-cancel", json!({ "id": "j0" })).await;
        assert_eq!(reply, json!({ "return": {} }), "{command}");
        assert_eq!(statuses, ["aborting"], "{command}");
    }
}

#[tokio::test]
async fn refused_jobs_leave_their_nodes_while_others_are_served() {
    for kind in [stream(true), commit(), active_commit()] {
        let bench = Bench::new();
        for (name, read_only, backing) in kind.images {
            bench.add(name, *read_only, *backing).await;
        }
        let mut arguments = kind.arguments;
        arguments["job-id"] = "j0".into();
        // Found out when the nodes have been made ready.
        arguments["filter-node-name"] = "top".into();
        let (reply, _statuses) = bench.hangs(kind.command, arguments).await;
        let refused = reply["error"]["desc"].as_str().unwrap_or_default();
        assert!(refused.ends_with("Duplicate nodes with node-name='top'"), "{reply}");
    }
}

#[tokio::test]
async fn images_opened_for_a_job_are_closed_while_others_are_served() {
    let bench = Bench::new();
    bench.add("source", false, None).await;
    let (image, graph) = (bench.image("target", false, None), bench.graph.clone());
    let opened = blocking(move || graph.borrow_child(&image.into()));
    let opened = opened.await.expect("it can be opened");
    let (source, target) = (bench.graph.get("source"), Arc::clone(opened.node()));
    let source = source.expect("it is there");
    let options = MirrorOptions {
        job: JobOptions::new(JobType::Mirror).id("j0").auto_finalize(false),
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
    let mut client = bench.client().await;
    mirror::prepare(&bench.daemon, options).expect("the nodes are free").start();
    comes_to(&mut client, "ready").await;
    client.send(execute("job-complete", &json!({ "id": "j0" }))).await;
    comes_to(&mut client, "pending").await;
    let (reply, statuses) = bench.hangs("job-cancel", json!({ "id": "j0" })).await;
    assert_eq!(reply, json!({ "return": {} }));
    assert_eq!(statuses, ["aborting"]);
    assert!(bench.graph.get("target").is_none(), "it is closed");
}
