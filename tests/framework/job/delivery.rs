//! Methods that wait return after the delivery of the events, even if another thread delivers them.

use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use job::{Job, JobStatus, JobStatusChange, Jobs};

use super::fixture::{EngineFixture, Log, Work, let_tasks_run, manual, text};

/// An engine with a second thread that delivers the events, and blocks in the sink.
struct BlockedDelivery {
    fixture: EngineFixture,
    thread: JoinHandle<()>,
    release: mpsc::Sender<()>,
}

impl BlockedDelivery {
    /// Creates a job on a second thread, which blocks in the sink.
    fn new() -> Self {
        let (log, entered) = (Log::default(), Arc::new(Barrier::new(2)));
        let (release, released) = mpsc::channel();
        let (sink, seen, released) = (log.clone(), Arc::clone(&entered), Mutex::new(released));
        let jobs = Jobs::new(move |change: &JobStatusChange| {
            if change.id == "other" && change.status == JobStatus::Created {
                seen.wait();
                let released = released.lock().expect("no panic");
                released.recv().expect("the test releases the thread");
            }
            sink.write(Some(&change.id), format!("{:?}", change.status).to_lowercase());
        });
        let fixture = EngineFixture { jobs, log };
        let other = EngineFixture { jobs: fixture.jobs.clone(), log: fixture.log.clone() };
        let thread = std::thread::spawn(move || {
            drop(other.create(manual("other"), other.driver(Work::Finish)));
        });
        entered.wait();
        Self { fixture, thread, release }
    }

    fn release(self) -> EngineFixture {
        self.release.send(()).expect("the thread is_pending for it");
        self.thread.join().expect("no panic");
        self.fixture
    }
}

/// Whether a future is pending after all other tasks have run.
async fn is_pending<T>(future: &mut (impl Future<Output = T> + Unpin)) -> bool {
    let_tasks_run().await;
    let poll = std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()));
    matches!(poll, Poll::Pending)
}

fn start(blocked: &BlockedDelivery, work: Work) -> Job {
    blocked.fixture.create(manual("j0"), blocked.fixture.driver(work)).start()
}

#[tokio::test(start_paused = true)]
async fn concluded_waits_for_the_delivery() {
    let blocked = BlockedDelivery::new();
    let job = start(&blocked, Work::Fail("as the script says"));
    let mut concluded = Box::pin(job.concluded());
    assert!(is_pending(&mut concluded).await);
    assert_eq!(job.status(), JobStatus::Concluded);
    assert_eq!(blocked.fixture.log.take_of("j0"), "");

    let fixture = blocked.release();
    assert_eq!(text(concluded.await), "as the script says");
    let life = "created running aborting !FinalizeCompleted concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn cancel_all_waits_for_the_delivery() {
    let blocked = BlockedDelivery::new();
    let (jobs, job) = (blocked.fixture.jobs.clone(), start(&blocked, Work::UntilCancelled));
    let mut cancelled = Box::pin(jobs.cancel_all());
    assert!(is_pending(&mut cancelled).await);
    assert!(is_pending(&mut cancelled).await);
    assert_eq!(job.status(), JobStatus::Null);
    assert_eq!(blocked.fixture.log.take_of("j0"), "");

    let fixture = blocked.release();
    let hour = std::time::Duration::from_secs(3600);
    tokio::time::timeout(hour, cancelled).await.expect("nothing is left");
    let life = "created running aborting !FinalizeCancelled concluded null";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_ends_a_job_waits_for_the_delivery() {
    let blocked = BlockedDelivery::new();
    let (jobs, job) = (blocked.fixture.jobs.clone(), start(&blocked, Work::Finish));
    let_tasks_run().await;
    let mut finalized = Box::pin(job::qmp::job_finalize(&jobs, "j0"));
    assert!(is_pending(&mut finalized).await);
    assert_eq!(job.status(), JobStatus::Concluded);

    let fixture = blocked.release();
    assert_eq!(text(finalized.await), "ok");
    let life = "created running waiting pending !Pending !FinalizeCompleted concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
}
