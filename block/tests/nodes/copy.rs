//! Copies, each with a job of the test.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use block::copy::{Copier, CopyControl, CopyError, CopySlots, ErrorAction, REQUEST_MAX, Side};
use block::error::Error;
use block::nodes::Node;
use block::options::BlockdevOptions;
use parking_lot::Mutex;

use crate::support::*;

/// A job that counts bytes, and optionally stops after a number of them.
#[derive(Debug)]
pub(crate) struct Job {
    speed: u64,
    stop_after: u64,
    charged: AtomicU64,
    largest: AtomicU64,
    requests: AtomicU64,
    pub(crate) done: AtomicU64,
    errors: Mutex<Vec<(Side, String)>>,
    retries: u64,
}

impl Default for Job {
    fn default() -> Self {
        Job {
            speed: 0,
            stop_after: u64::MAX,
            charged: AtomicU64::new(0),
            largest: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            done: AtomicU64::new(0),
            errors: Mutex::default(),
            retries: 0,
        }
    }
}

impl CopyControl for Job {
    type Stop = &'static str;

    fn interrupted(&self) -> bool {
        self.charged.load(Ordering::Relaxed) >= self.stop_after
    }

    fn speed(&self) -> u64 {
        self.speed
    }

    async fn pause_point(&self) -> Result<(), Self::Stop> {
        if self.interrupted() { Err("stopped") } else { Ok(()) }
    }

    async fn wait(&self, time: Duration) -> Result<(), Self::Stop> {
        tokio::time::sleep(time).await;
        self.pause_point().await
    }

    fn charge(&self, bytes: u64) {
        self.charged.fetch_add(bytes, Ordering::Relaxed);
        self.largest.fetch_max(bytes, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    fn on_error(&self, side: Side, error: &Error) -> ErrorAction {
        let mut errors = self.errors.lock();
        errors.push((side, error.to_string()));
        let is_retried = errors.len() as u64 <= self.retries;
        if is_retried { ErrorAction::Ignore } else { ErrorAction::Report }
    }
}

fn run(source: &Arc<Node>, target: &Arc<Node>, job: &Job) -> Result<(), CopyError<&'static str>> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let copier = Copier::new(Arc::clone(source), Arc::clone(target), CopySlots::default())
        .expect("a size");
    let result = runtime.block_on(copier.run(job));
    if result.is_ok() {
        let size = source.size().expect("a size");
        assert_eq!(job.done.load(Ordering::Relaxed), size, "all bytes are counted");
    }
    result
}

/// Data, written zeroes and holes, none of them aligned to clusters.
fn mixture(fixture: &Fixture, name: &str, length: u64) -> Vec<u8> {
    let path = fixture.write(name, b"");
    let file = File::options().write(true).open(path).expect("it is there");
    file.set_len(length).expect("it can grow");
    let mut all = vec![0; length as usize];
    let mut put = |offset: u64, data: &[u8]| {
        file.write_all_at(data, offset).expect("it can be written");
        all[offset as usize..offset as usize + data.len()].copy_from_slice(data);
    };
    put(100, &noise(1, 3000));
    put(256 * K, &[0; 200_000]);
    put(M, &noise(2, M + 12345));
    put(3 * M + 64 * K, &noise(3, 512));
    put(length - 700, &noise(4, 700));
    all
}

#[test]
fn the_target_becomes_equal_regardless_of_its_contents() {
    let length = 5 * M + 37 * 512;
    for cluster_size in [0, 512, 64 * K, 2 * M] {
        for old in [false, true] {
            let fixture = Fixture::new();
            let expected = mixture(&fixture, "source", length);
            let source = fixture.add(raw(inline(fixture.file("source"))).named("s"));
            let target = if cluster_size == 0 {
                fixture.write("target", &vec![0; length as usize]);
                fixture.add(raw(inline(fixture.file("target"))).named("t"))
            } else {
                fixture.format("target", |options| {
                    options.size = length;
                    options.cluster_size = cluster_size;
                });
                fixture.add(qcow2(inline(fixture.file("target"))).named("t"))
            };
            if old {
                target.write(0, &noise(9, length)).expect("it can be written");
            }
            run(&source, &target, &Job::default()).expect("the copy succeeds");
            assert_same(&contents(&target), &expected);
            fixture.graph.remove_all();
            if cluster_size > 0 {
                assert_sound(&fixture.path("target"));
            }
        }
    }
}

#[test]
fn a_copy_of_a_chain_has_the_visible_contents() {
    let fixture = Fixture::new();
    let mut expected = mixture(&fixture, "base", 4 * M);
    fixture.format("overlay", |options| {
        options.size = 4 * M;
        options.backing_file = Some("base".into());
        options.backing_format = Some("raw".into());
    });
    fixture.format("target", |options| options.size = 4 * M);
    let source = fixture.add(qcow2(inline(fixture.file("overlay"))).named("s"));
    source.write_zeroes(M, 100 * K).expect("zeroes can be written");
    source.write(2 * M + 5 * K, &noise(5, 300 * K)).expect("it can be written");
    expected[M as usize..(M + 100 * K) as usize].fill(0);
    expected[(2 * M + 5 * K) as usize..(2 * M + 305 * K) as usize]
        .copy_from_slice(&noise(5, 300 * K));
    let target = fixture.add(qcow2(inline(fixture.file("target"))).named("t"));
    run(&source, &target, &Job::default()).expect("the copy succeeds");
    assert_same(&contents(&target), &expected);
}

#[test]
fn holes_of_the_source_are_not_written() {
    let fixture = Fixture::new();
    let path = fixture.write("source", b"");
    let file = File::options().write(true).open(path).expect("it is there");
    file.set_len(1 << 34).expect("it can grow");
    file.write_all_at(&noise(1, 64 * K), 1 << 33).expect("it can be written");
    let target = fixture.write("target", b"");
    File::options().write(true).open(&target).and_then(|f| f.set_len(1 << 34)).expect("it grows");
    let source = fixture.add(fixture.file("source").named("s"));
    let node = fixture.add(fixture.file("target").named("t"));
    run(&source, &node, &Job::default()).expect("the copy succeeds");
    let taken = target.metadata().expect("it is there").blocks() * 512;
    assert!(taken <= 128 * K, "{taken} bytes for 64 KiB of data");
}

#[test]
fn short_runs_of_data_and_holes_share_requests() {
    let fixture = Fixture::new();
    let size = 4 * REQUEST_MAX;
    let path = fixture.write("source", b"");
    let file = File::options().write(true).open(path).expect("it is there");
    file.set_len(size).expect("it can grow");
    let mut expected = vec![0; size as usize];
    for (seed, offset) in (0..size).step_by(128 << 10).enumerate() {
        let data = noise(seed as u64 + 1, 64 * K);
        file.write_all_at(&data, offset).expect("it can be written");
        expected[offset as usize..offset as usize + data.len()].copy_from_slice(&data);
    }
    let target = fixture.write("target", b"");
    File::options().write(true).open(&target).and_then(|f| f.set_len(size)).expect("it grows");
    let source = fixture.add(fixture.file("source").named("s"));
    let node = fixture.add(fixture.file("target").named("t"));
    let job = Job::default();
    run(&source, &node, &job).expect("the copy succeeds");
    assert_eq!(job.requests.load(Ordering::Relaxed), 4);
    assert_same(&contents(&node), &expected);
    let taken = target.metadata().expect("it is there").blocks() * 512;
    assert!(taken <= size / 2 + 128 * K, "{taken} bytes for {} bytes of data", size / 2);
}

#[test]
fn an_empty_image_is_copied_without_requests() {
    let fixture = Fixture::new();
    fixture.write("source", b"");
    fixture.write("target", b"");
    let source = fixture.add(fixture.file("source").named("s"));
    let target = fixture.add(fixture.file("target").named("t"));
    let job = Job::default();
    run(&source, &target, &job).expect("the copy succeeds");
    assert_eq!(job.charged.load(Ordering::Relaxed), 0);
}

#[test]
fn requests_fit_the_speed() {
    for (speed, largest) in [(1, 64 * K), (2 * M, 192 * K), (1 << 40, REQUEST_MAX)] {
        let fixture = Fixture::new();
        let expected = noise(1, 3 * M);
        fixture.write("source", &expected);
        fixture.write("target", &vec![0; 3 * M as usize]);
        let source = fixture.add(fixture.file("source").named("s"));
        let target = fixture.add(fixture.file("target").named("t"));
        let job = Job { speed, ..Job::default() };
        run(&source, &target, &job).expect("the copy succeeds");
        assert_eq!(job.largest.load(Ordering::Relaxed), largest, "at {speed} bytes a second");
        assert_same(&contents(&target), &expected);
    }
}

#[test]
fn a_copy_that_is_stopped_leaves_no_request_in_flight() {
    let fixture = Fixture::new();
    fixture.write("source", &noise(1, 16 * M));
    fixture.write("target", &vec![0; 16 * M as usize]);
    let source = fixture.add(fixture.file("source").named("s"));
    let target = fixture.add(fixture.file("target").named("t"));
    let job = Job { stop_after: 4 * M, ..Job::default() };
    let stopped = run(&source, &target, &job).expect_err("it is stopped");
    assert!(matches!(stopped, CopyError::Stopped("stopped")), "{stopped:?}");
    let copied = contents(&target);
    assert_same(&copied[..4 * M as usize], &noise(1, 4 * M));
    assert!(copied[4 * M as usize..].iter().all(|byte| *byte == 0));
}

#[test]
fn errors_are_reported_with_their_side_and_can_be_retried() {
    let fixture = Fixture::new();
    fixture.write("source", &noise(1, 2 * M));
    let source = fixture.add(fixture.file("source").named("s"));
    let null = BlockdevOptions::null_co(M).named("n");
    let too_small = fixture.add(null);
    let job = Job { retries: 3, ..Job::default() };
    let failed = run(&source, &too_small, &job).expect_err("it does not fit");
    let CopyError::Failed { side: Side::Target, error } = failed else {
        panic!("the target is too small: {failed:?}")
    };
    assert_eq!(error.to_string(), "Input/output error");
    assert_eq!(job.errors.lock().len(), 4);

    // A full disk, as the system reports it.
    let full = std::path::Path::new("/dev/full");
    if full.exists() {
        let error = Error::Io(std::fs::write(full, b"x").expect_err("it is full"));
        assert_eq!(error.to_string(), "No space left on device");
        assert!(error.is_no_space());
    }
}

#[test]
fn compressed_copies_are_smaller_and_do_not_replace_other_data() {
    let fixture = Fixture::new();
    let expected: Vec<u8> = (0..3 * M + 512).map(|at| (at / 100 % 7) as u8).collect();
    fixture.write("source", &expected);
    let source = fixture.add(raw(inline(fixture.file("source"))).named("source"));
    let path = fixture.format("target", |options| options.size = 3 * M + 512);
    let target = fixture.add(qcow2(inline(fixture.file("target"))).named("target"));
    let copy = |job: &Job| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let (source, target) = (Arc::clone(&source), Arc::clone(&target));
        let copier = Copier::new(source, target, CopySlots::default()).expect("a size");
        runtime.expect("a runtime").block_on(copier.compressing().run(job))
    };
    copy(&Job::default()).expect("all can be copied");
    assert_same(&contents(&target), &expected);
    let taken = std::fs::metadata(&path).expect("it is there").len();
    assert!(taken < M, "it takes {taken}");
    // As in QEMU, an allocated cluster is not replaced, whether it is compressed or not.
    for offset in [None, Some(M)] {
        if let Some(offset) = offset {
            target.write(offset, &[1; 512]).expect("it can be written");
        }
        let job = Job::default();
        copy(&job).expect_err("the target has other data");
        assert_eq!(*job.errors.lock(), [(Side::Target, "Input/output error".to_owned())]);
    }
    fixture.graph.remove_all();
    assert_sound(&path);
}
