//! Copies from a storage whose requests a test blocks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

use super::*;
use crate::image::aligned_buffer::AlignedBuffer;
use crate::nodes::Graph;
use crate::options::BlockdevOptions;
use crate::testing::Gate;

const SIZE: u64 = 64 << 20;

/// A job that is paused, resumed and given a speed by the test.
#[derive(Debug, Default)]
struct Job {
    paused: AtomicBool,
    resumed: Notify,
    pause_reached: Notify,
    speed: AtomicU64,
    largest: AtomicU64,
    progress: AtomicU64,
}

impl CopyControl for Arc<Job> {
    type Stop = ();

    fn interrupted(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    fn speed(&self) -> u64 {
        self.speed.load(Ordering::Relaxed)
    }

    async fn pause_point(&self) -> Result<(), ()> {
        while self.interrupted() {
            let resumed = self.resumed.notified();
            self.pause_reached.notify_one();
            resumed.await;
        }
        Ok(())
    }

    async fn wait(&self, _time: Duration) -> Result<(), ()> {
        tokio::task::yield_now().await;
        self.pause_point().await
    }

    fn charge(&self, bytes: u64) {
        self.largest.fetch_max(bytes, Ordering::Relaxed);
    }

    fn advance(&self, bytes: u64) {
        self.progress.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Work without I/O, whose first steps are done before the copy looks at the thread.
struct ShortSteps;

impl SequentialCopy for ShortSteps {
    const SKIPS_IGNORED_ERRORS: bool = false;

    fn length(&self) -> u64 {
        1000
    }

    fn step(&self, _offset: u64, _buffer: &mut AlignedBuffer) -> Result<Step, StepError> {
        Ok(Step { length: 1, copied: true })
    }
}

#[tokio::test]
async fn the_progress_of_short_steps_is_complete() {
    for _ in 0..50 {
        let job = Arc::new(Job::default());
        let copied = run_sequentially(&Arc::new(ShortSteps), &CopySlots::default(), &job).await;
        copied.expect("no step fails");
        assert_eq!(job.progress.load(Ordering::Relaxed), ShortSteps.length());
    }
}

fn null_node(graph: &Graph, name: &str) -> Arc<Node> {
    let options = BlockdevOptions::null_co(SIZE).named(name);
    graph.add(&options).expect("it can be opened")
}

/// Starts a copy from the storage of a gate.
fn start(
    gate: &Arc<Gate>,
    slots: &CopySlots,
) -> (Arc<Job>, tokio::task::JoinHandle<Result<(), CopyError<()>>>) {
    let graph = Graph::new();
    let target = null_node(&graph, "target");
    let source = gate.add_to(&graph, "source");
    let copier = Copier::new(source, target, slots.clone()).expect("the size is known");
    let job = Arc::new(Job::default());
    let control = Arc::clone(&job);
    (job, tokio::spawn(async move { copier.run(&control).await }))
}

/// Waits without blocking the copy.
async fn requests_at(gate: &Arc<Gate>, requests: usize) {
    let gate = Arc::clone(gate);
    tokio::task::spawn_blocking(move || gate.wait_for(requests))
        .await
        .expect("the requests arrive");
}

#[tokio::test]
async fn a_job_pauses_when_no_request_is_in_flight_and_not_before() {
    let gate = Gate::shut(SIZE);
    let (job, copy) = start(&gate, &CopySlots::default());
    requests_at(&gate, REQUESTS_IN_FLIGHT).await;
    job.paused.store(true, Ordering::Relaxed);
    gate.open();
    job.pause_reached.notified().await;
    assert_eq!(gate.waiting(), 0, "no read is in flight during the pause");
    let passed = gate.passed();
    assert!(passed <= REQUESTS_IN_FLIGHT + 1, "{passed} requests were made");
    // A speed that is set during the pause applies to the next request.
    job.speed.store(1 << 20, Ordering::Relaxed);
    job.largest.store(0, Ordering::Relaxed);
    job.paused.store(false, Ordering::Relaxed);
    job.resumed.notify_one();
    assert!(copy.await.expect("no panic").is_ok());
    assert_eq!(job.largest.load(Ordering::Relaxed), GRANULARITY_MIN);
}

#[tokio::test]
async fn copies_share_their_slots() {
    let slots = CopySlots::new(3);
    let gates = [Gate::shut(SIZE), Gate::shut(SIZE)];
    let (_first_job, first) = start(&gates[0], &slots);
    requests_at(&gates[0], 3).await;
    let (job, second) = start(&gates[1], &slots);
    // The second copy can be paused and resumed although it has no slot.
    job.paused.store(true, Ordering::Relaxed);
    job.pause_reached.notified().await;
    assert_eq!(gates[1].waiting(), 0);
    job.paused.store(false, Ordering::Relaxed);
    job.resumed.notify_one();
    gates.iter().for_each(|gate| gate.open());
    assert!(first.await.expect("no panic").is_ok());
    assert!(second.await.expect("no panic").is_ok());
}
