//! Sinks and hooks that call the engine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use job::{CancelMode, JobStatus, JobStatusChange, Jobs, Transaction};

use super::fixture::{
    EngineFixture, Log, Work, driver_fn, let_tasks_run, manual, named, result, text,
};

/// An engine whose sink also receives the engine.
fn engine(sink: impl Fn(&Jobs, &JobStatusChange) + Send + Sync + 'static) -> Jobs {
    let own = Arc::new(OnceLock::<Jobs>::new());
    let inner = Arc::clone(&own);
    let jobs = Jobs::new(move |change: &JobStatusChange| {
        if let Some(jobs) = inner.get() {
            sink(jobs, change);
        }
    });
    own.get_or_init(|| jobs).clone()
}

#[tokio::test(start_paused = true)]
async fn a_sink_may_query_the_job_of_its_event() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let jobs = engine(move |jobs, change| {
        let found = jobs.find(&change.id).map(|job| job.status());
        log.lock().expect("no panic").push((change.status, found));
    });
    let job = jobs.create(manual("j0"), driver_fn(|_| async { Ok(()) }), None).expect("created");
    job.start();
    let_tasks_run().await;
    let pairs = seen.lock().expect("no panic").clone();
    let expected: Vec<_> =
        [JobStatus::Created, JobStatus::Running, JobStatus::Waiting, JobStatus::Pending]
            .map(|status| (status, Some(status)))
            .to_vec();
    assert_eq!(pairs, expected);
}

#[tokio::test(start_paused = true)]
async fn events_caused_by_a_sink_are_delivered_after_the_present_one() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let jobs = engine(move |jobs, change| {
        if change.status == JobStatus::Pending {
            let job = jobs.find(&change.id).expect("pending");
            job.finalize().expect("pending");
            job.dismiss().expect("concluded");
        }
        log.lock().expect("no panic").push(format!("{:?}", change.status));
    });
    let job = jobs.create(manual("j0"), driver_fn(|_| async { Ok(()) }), None).expect("created");
    job.start();
    let_tasks_run().await;
    let seen = seen.lock().expect("no panic").join(" ");
    assert_eq!(seen, "Created Running Waiting Pending Concluded Null");
}

#[tokio::test(start_paused = true)]
async fn a_sink_may_reuse_the_identifier_of_a_job_that_is_null() {
    let again = Arc::new(Mutex::new(String::new()));
    let result = Arc::clone(&again);
    let jobs = engine(move |jobs, change| {
        if change.status == JobStatus::Null && result.lock().expect("no panic").is_empty() {
            let created = jobs.create(manual("j0"), driver_fn(|_| async { Ok(()) }), None);
            *result.lock().expect("no panic") = text(created.map(|job| drop(job.start())));
        }
    });
    drop(jobs.create(manual("j0"), driver_fn(|_| async { Ok(()) }), None).expect("created"));
    assert_eq!(*again.lock().expect("no panic"), "ok");
    let_tasks_run().await;
    assert_eq!(jobs.get("j0").map(|job| job.status()), Ok(JobStatus::Pending));
}

#[tokio::test(start_paused = true)]
async fn a_driver_may_dismiss_a_job_when_it_is_concluded() {
    let fixture = EngineFixture::new();
    let job = fixture.create(manual("j0"), fixture.driver(Work::Finish)).start();
    let other = {
        let job = job.clone();
        let watcher = driver_fn(move |_| {
            let job = job.clone();
            async move {
                job.concluded().await?;
                job.dismiss()
            }
        });
        fixture.create(manual("j1"), watcher).start()
    };
    let_tasks_run().await;
    job.finalize().expect("pending");
    let_tasks_run().await;
    assert_eq!(job.status(), JobStatus::Null);
    assert_eq!(other.status(), JobStatus::Pending);
}

#[tokio::test(start_paused = true)]
async fn a_sink_cannot_cancel_a_member_once_another_is_committed() {
    let fixture = EngineFixture::new();
    let jobs = engine(|jobs, change| {
        if change.status == JobStatus::Concluded && change.id == "j1" {
            jobs.get("j0")
                .and_then(|job| job.user_cancel(CancelMode::Force))
                .expect("still pending");
        }
    });
    let transaction = Transaction::new();
    let [older, newer] = ["j0", "j1"].map(|id| {
        let mut driver = fixture.driver(Work::Finish);
        driver.hooks = true;
        jobs.create(manual(id), driver, Some(&transaction)).expect("the job is created")
    });
    let (older, newer) = (older.start(), newer.start());
    let_tasks_run().await;
    fixture.log.take();
    older.finalize().expect("pending");
    let rest = [
        "j1 prepare",
        "j0 prepare",
        "j1 commit",
        "j1 clean",
        "j1 !FinalizeCompleted",
        "j0 commit",
        "j0 clean",
        "j0 !FinalizeCompleted",
    ];
    assert_eq!(fixture.log.take(), rest);
    assert_eq!(text(newer.concluded().await), "ok");
    assert_eq!(text(older.concluded().await), "ok");
    assert!(!older.cancel_requested());
}

#[tokio::test(start_paused = true)]
async fn a_sink_may_finalize_when_the_first_member_is_pending() {
    let fixture = EngineFixture::new();
    let jobs = engine(|jobs, change| {
        if change.status == JobStatus::Pending && change.id == "j1" {
            jobs.get("j1").and_then(|job| job.finalize()).expect("pending");
        }
    });
    let transaction = Transaction::new();
    let created = ["j0", "j1"].map(|id| {
        let mut driver = fixture.driver(Work::Finish);
        driver.hooks = true;
        jobs.create(manual(id), driver, Some(&transaction)).expect("the job is created")
    });
    let created = created.map(job::CreatedJob::start);
    let_tasks_run().await;
    for job in created {
        assert_eq!(result(&job).await, "ok");
    }
    for id in ["j0", "j1"] {
        let hooks = "prepare commit clean !Pending !FinalizeCompleted";
        assert_eq!(fixture.log.take_of(id), hooks);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancel_hook_may_cancel_its_own_job_again() {
    /// Cancels its own job again, as a client would.
    #[derive(Default)]
    struct CancelsTwice {
        cancelled: AtomicBool,
    }
    impl job::JobDriver for CancelsTwice {
        async fn run(&self, _: &job::JobHandle) -> qapi_core::Result<()> {
            Ok(())
        }
        fn cancel(&self, job: &job::JobHandle, _: CancelMode) -> CancelMode {
            if !self.cancelled.swap(true, Ordering::SeqCst) {
                job.job().user_cancel(CancelMode::Force).expect("waiting");
            }
            CancelMode::Force
        }
    }
    let fixture = EngineFixture::new();
    let transaction = Transaction::new();
    let mut driver = fixture.driver(Work::Finish);
    driver.hooks = true;
    let oldest = fixture.create_in(&transaction, manual("j0"), driver);
    let middle = fixture.create_in(&transaction, manual("j1"), CancelsTwice::default());
    let newest = fixture.create_in(&transaction, manual("j2"), fixture.driver(Work::Fail("x")));
    let jobs = [oldest.start(), middle.start()];
    let_tasks_run().await;
    newest.start();
    let_tasks_run().await;
    for job in jobs {
        assert_eq!(result(&job).await, "Operation canceled");
    }
    let life = "created running waiting cancel aborting abort clean !FinalizeCancelled concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn a_sink_may_cancel_a_member_when_another_is_taken_back() {
    let fixture = EngineFixture::new();
    let jobs = engine(|jobs, change| {
        if change.status == JobStatus::Null && change.id == "j1" {
            jobs.get("j0").and_then(|job| job.user_cancel(CancelMode::Force)).expect("waiting");
        }
    });
    let transaction = Transaction::new();
    let [older, newer] = ["j0", "j1"].map(|id| {
        let mut driver = fixture.driver(Work::Finish);
        driver.hooks = true;
        jobs.create(manual(id), driver, Some(&transaction)).expect("the job is created")
    });
    let older = older.start();
    let_tasks_run().await;
    drop(newer);
    assert_eq!(result(&older).await, "Operation canceled");
    assert_eq!(fixture.log.take_of("j0"), "cancel abort clean !FinalizeCancelled");
    assert_eq!(fixture.log.take_of("j1"), "");
}

#[tokio::test(start_paused = true)]
async fn a_sink_may_cancel_a_job_as_soon_as_it_is_created() {
    let fixture = EngineFixture::new();
    let jobs = engine(|jobs, change| {
        if change.status == JobStatus::Created {
            jobs.get(&change.id)
                .and_then(|job| job.user_cancel(CancelMode::Force))
                .expect("created");
        }
    });
    let created = jobs.create(named("j0"), fixture.driver(Work::Finish), None);
    let job = created.expect("created").start();
    assert_eq!(result(&job).await, "Operation canceled");
    assert!(jobs.find("j0").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_resume_within_user_resume_is_refused() {
    /// Resumes its job again within `user_resume`.
    struct ResumesTwice(Log);
    impl job::JobDriver for ResumesTwice {
        async fn run(&self, job: &job::JobHandle) -> qapi_core::Result<()> {
            loop {
                job.entered().await?;
            }
        }
        fn user_resume(&self, job: &job::JobHandle) {
            self.0.write(job.id(), text(job.job().user_resume()));
        }
    }
    let fixture = EngineFixture::new();
    let job = fixture.create(named("j0"), ResumesTwice(fixture.log.clone())).start();
    let guard = job.pause();
    job.user_pause().expect("running");
    let_tasks_run().await;
    fixture.log.take();
    job.user_resume().expect("paused");
    assert_eq!(fixture.log.take(), ["j0 Can't resume a job that was not paused"]);
    assert_eq!(job.status(), JobStatus::Paused, "the guard still pauses it");
    drop(guard);
    assert_eq!(job.status(), JobStatus::Running);
}
