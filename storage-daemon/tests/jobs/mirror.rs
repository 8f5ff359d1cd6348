//! Mirrors and active commits, while another thread writes to the source.
//!
//! More tests of mirrors: `tests/program/mirror.rs` (through QMP), `tests/jobs/slow_disk.rs`
//! (flushes that hang), and in the workspace `tests/conformance/jobs` (recordings of QEMU) and
//! `tests/crash` (kills).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use block::image::permissions::{Access, Permissions};
use block::nodes::{Graph, Node, Root};
use job::{CancelMode, Job, JobStatus};
use storage_daemon::block_job::OnError;
use storage_daemon::jobs::commit_active::{self, ActiveCommit};
use storage_daemon::jobs::mirror;
use storage_daemon::jobs::prepare::JobArguments;
use storage_daemon::schema::block_job::MirrorCopyMode;
use storage_daemon::schema::mirror::{BlockdevMirror, MirrorSyncMode};

use crate::context;
use crate::support::*;

const SIZE: u64 = 4 * M;
/// How long a test waits for a status of a job before the test fails.
const TIMEOUT: Duration = Duration::from_secs(60);

fn options(copy_mode: MirrorCopyMode, granularity: Option<u32>) -> BlockdevMirror {
    BlockdevMirror {
        job_id: Some("j0".into()),
        device: "source".into(),
        target: "target".into(),
        replaces: None,
        sync: MirrorSyncMode::Full,
        speed: None,
        granularity,
        buf_size: None,
        on_source_error: None,
        on_target_error: None,
        filter_node_name: None,
        copy_mode: Some(copy_mode),
        auto_finalize: None,
        auto_dismiss: None,
    }
}

/// A thread that writes until it is stopped, and returns the expected contents.
struct Writer {
    root: Arc<Root>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<u8>>,
}

impl Writer {
    fn start(graph: &Graph, node: &Arc<Node>) -> Self {
        let access = Access { takes: Permissions::WRITE, shares: Permissions::all() };
        let root = graph.attach_root("a writer", Arc::clone(node), access);
        let root = Arc::new(root.expect("no user forbids it"));
        let stop = Arc::new(AtomicBool::new(false));
        let (writing, stopped) = (Arc::clone(&root), Arc::clone(&stop));
        let mut model = contents(node);
        let thread = std::thread::spawn(move || {
            for round in 0.. {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                write(&writing, &mut model, round);
            }
            model
        });
        Writer { root, stop, thread }
    }

    fn stop(self) -> (Arc<Root>, Vec<u8>) {
        self.stop.store(true, Ordering::Relaxed);
        (self.root, self.thread.join().expect("no write failed"))
    }
}

/// Writes data or zeroes to a random range, which is seldom aligned to the granularity.
fn write(root: &Root, model: &mut [u8], round: u64) {
    let bytes = noise(round, 16);
    let random = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
    let offset = random(0) % (SIZE / 512) * 512;
    let length = (random(8) % 200 * 512 + 512).min(SIZE - offset);
    let range = offset as usize..(offset + length) as usize;
    if round.is_multiple_of(5) {
        root.write_zeroes(offset, length, block::image::storage::ZeroMode::MayUnmap)
            .expect("it can be written");
        model[range].fill(0);
    } else {
        let data = noise(round + 1, length);
        root.write(offset, &data).expect("it can be written");
        model[range].copy_from_slice(&data);
    }
}

async fn wait_for(job: &Job, status: JobStatus) {
    let reached = async {
        while job.status() != status {
            assert_eq!(job.error(), None);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, reached).await.expect("the job has the status");
}

/// A source with data, and a target of this format.
fn nodes(fixture: &Fixture, format: &str) -> (Arc<Node>, Arc<Node>) {
    fixture.write("source", &noise(99, SIZE));
    let source = fixture.add(raw(inline(fixture.file("source"))).named("source"));
    let target = match format {
        "raw" => {
            fixture.write("target", &vec![0; SIZE as usize]);
            fixture.add(raw(inline(fixture.file("target"))).named("target"))
        }
        _ => {
            fixture.format("target", |options| options.size = SIZE);
            fixture.add(qcow2(inline(fixture.file("target"))).named("target"))
        }
    };
    (source, target)
}

#[tokio::test]
async fn writers_continue_on_the_target_and_lose_nothing() {
    use MirrorCopyMode::{Background, WriteBlocking};
    let table = [
        (Background, None, "qcow2"),
        (Background, Some(512), "raw"),
        (WriteBlocking, None, "raw"),
        (WriteBlocking, Some(4096), "qcow2"),
    ];
    for (copy_mode, granularity, format) in table {
        let fixture = Fixture::new();
        let (source, target) = nodes(&fixture, format);
        let context = context(&fixture.graph);
        let writer = Writer::start(&fixture.graph, &source);
        let prepared = mirror::blockdev_mirror(&context, options(copy_mode, granularity));
        let prepared = prepared.expect("the nodes are free");
        let job = prepared.job().job().clone();
        prepared.start();
        wait_for(&job, JobStatus::Ready).await;
        job.complete().expect("it is ready");
        assert_eq!(job.concluded().await, Ok(()));
        let (root, model) = writer.stop();
        assert!(Arc::ptr_eq(&root.node(), &target), "the writer has moved");
        assert_same(&contents(&target), &model);
        drop(root);
        fixture.graph.check_root(&source).expect("the filter is gone");
        fixture.graph.remove_all();
        if format == "qcow2" {
            assert_sound(&fixture.path("target"));
        }
    }
}

#[tokio::test]
async fn a_soft_cancel_of_a_mirror_leaves_writers_on_the_source() {
    let fixture = Fixture::new();
    let (source, target) = nodes(&fixture, "raw");
    let context = context(&fixture.graph);
    let prepared = mirror::blockdev_mirror(&context, options(MirrorCopyMode::Background, None));
    let prepared = prepared.expect("the nodes are free");
    let job = prepared.job().job().clone();
    prepared.start();
    wait_for(&job, JobStatus::Ready).await;
    let writer = Writer::start(&fixture.graph, &source);
    job.user_cancel(CancelMode::Soft).expect("it is ready");
    assert_eq!(job.concluded().await, Ok(()));
    let (root, model) = writer.stop();
    assert!(Arc::ptr_eq(&root.node(), &source));
    assert_same(&contents(&source), &model);
    fixture.graph.remove("target").expect("it is unused");
    drop(target);
}

#[tokio::test]
async fn an_active_commit_copies_later_writes_and_moves_writers_to_the_base() {
    let fixture = Fixture::new();
    fixture.format("base", |options| options.size = SIZE / 2);
    for (name, backing) in [("middle", "base"), ("top", "middle")] {
        fixture.format(name, |options| {
            options.size = SIZE;
            options.backing_file = Some(text(&fixture.path(backing)));
            options.backing_format = Some("qcow2".into());
        });
    }
    let base = fixture.add(qcow2(inline(fixture.file("base"))).named("base"));
    let on = |name: &str, below: &str| {
        let backing = Some(named(below).into());
        fixture.add(with_backing(inline(fixture.file(name)), backing).named(name))
    };
    let middle = on("middle", "base");
    let top = on("top", "middle");
    base.write(0, &noise(1, M)).expect("it can be written");
    middle.write(M / 2, &noise(2, 2 * M)).expect("it can be written");
    top.write(M, &noise(3, M)).expect("it can be written");

    let context = context(&fixture.graph);
    let writer = Writer::start(&fixture.graph, &top);
    let options = ActiveCommit {
        job: JobArguments { job_id: Some("j0".into()), ..JobArguments::default() },
        top: Arc::clone(&top),
        base: Arc::clone(&base),
        on_error: OnError::both(None),
        filter_node_name: None,
        writable: None,
    };
    commit_active::prepare(&context, options).expect("the nodes are free").start();
    let job = context.jobs.find("j0").expect("it runs");
    wait_for(&job, JobStatus::Ready).await;
    job.complete().expect("it is ready");
    assert_eq!(job.concluded().await, Ok(()));
    let (root, model) = writer.stop();
    assert!(Arc::ptr_eq(&root.node(), &base), "the writer has moved");
    assert_same(&contents(&base), &model);
    drop((root, top, middle, base));
    fixture.graph.remove_all();
    for name in ["base", "middle", "top"] {
        assert_sound(&fixture.path(name));
    }
}

#[tokio::test]
async fn a_base_is_read_only_again_if_the_users_of_the_top_cannot_move_to_it() {
    let fixture = Fixture::new();
    fixture.format("base", |options| options.size = SIZE);
    fixture.format("top", |options| {
        options.size = SIZE;
        options.backing_file = Some(text(&fixture.path("base")));
        options.backing_format = Some("qcow2".into());
    });
    let top = fixture.add(qcow2(inline(fixture.file("top"))).named("top"));
    let base = top.backing().expect("a backing node");
    let takes = Permissions::WRITE_UNCHANGED;
    let user = Access { takes, shares: Permissions::all() };
    let _user = fixture.graph.attach_root("a user", Arc::clone(&top), user).expect("it is free");
    let unshared = Access { takes: Permissions::empty(), shares: Permissions::all() - takes };
    let other = fixture.graph.attach_root("another", Arc::clone(&base), unshared);
    let _other = other.expect("it is free");

    let context = context(&fixture.graph);
    let writable = fixture.graph.make_writable(&base).expect("it can be written");
    assert!(writable.is_some());
    let options = ActiveCommit {
        job: JobArguments {
            job_id: Some("j0".into()),
            auto_dismiss: Some(false),
            ..JobArguments::default()
        },
        top: Arc::clone(&top),
        base: Arc::clone(&base),
        on_error: OnError::both(None),
        filter_node_name: None,
        writable,
    };
    commit_active::prepare(&context, options).expect("the nodes are free").start();
    let job = context.jobs.find("j0").expect("it runs");
    wait_for(&job, JobStatus::Ready).await;
    assert!(!base.is_read_only());
    job.complete().expect("it is ready");
    job.concluded().await.expect_err("the user cannot be moved");
    assert!(base.is_read_only());
}
