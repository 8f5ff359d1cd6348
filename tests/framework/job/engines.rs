//! Several engines in one program, and the shutdown of an engine.

use std::time::Duration;

use job::{JobStatus, Transaction};

use super::fixture::{EngineFixture, Work, driver_fn, let_tasks_run, manual, named, text};

#[tokio::test(start_paused = true)]
async fn two_engines_are_independent() {
    let (first, second) = (EngineFixture::new(), EngineFixture::new());
    first.start("j0", Work::UntilCancelled);
    second.start("j0", Work::Finish);
    let_tasks_run().await;
    assert_eq!(first.log.take_of("j0"), "created running");
    assert!(second.log.take_of("j0").ends_with("null"));
    assert_eq!(first.jobs.query().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn cancel_all_leaves_no_job_in_any_state() {
    let fixture = EngineFixture::new();
    let created = fixture.create(manual("created"), fixture.driver(Work::Finish));
    let waiting = Transaction::new();
    let member = fixture.create_in(&waiting, manual("waiting"), fixture.driver(Work::Finish));
    fixture.create_in(&waiting, manual("other"), fixture.driver(Work::UntilCancelled)).start();
    member.start();
    for (id, work) in [
        ("running", Work::UntilCancelled),
        ("paused", Work::UntilCancelled),
        ("ready", Work::UntilCompleted),
        ("standby", Work::UntilCompleted),
        ("pending", Work::Finish),
        ("concluded", Work::Fail("as the script says")),
    ] {
        fixture.create(manual(id), fixture.driver(work)).start();
    }
    let_tasks_run().await;
    for id in ["paused", "standby"] {
        fixture.jobs.get(id).and_then(|job| job.user_pause()).expect("at work");
    }
    let_tasks_run().await;
    for info in fixture.jobs.query().iter().filter(|info| info.id != "other") {
        assert_eq!(format!("{:?}", info.status).to_lowercase(), info.id);
    }
    fixture.jobs.cancel_all().await;
    assert!(fixture.jobs.query().is_empty());
    assert_eq!(created.job().status(), JobStatus::Null);
}

#[tokio::test(start_paused = true)]
async fn cancel_all_waits_for_a_slow_driver() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        let _ = job.entered().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(())
    });
    fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    let start = tokio::time::Instant::now();
    fixture.jobs.cancel_all().await;
    assert_eq!(start.elapsed().as_secs(), 5);
    assert!(fixture.log.take_of("j0").ends_with("aborting concluded null"));
}

#[tokio::test(start_paused = true)]
async fn cancel_all_also_cancels_a_job_that_is_created_meanwhile() {
    let fixture = EngineFixture::new();
    let late = std::sync::Arc::new(tokio::sync::Notify::new());
    let noticed = std::sync::Arc::clone(&late);
    // This job ends only after the late job has ended.
    let driver = driver_fn(move |_| {
        let noticed = std::sync::Arc::clone(&noticed);
        async move {
            noticed.notified().await;
            Ok(())
        }
    });
    fixture.create(manual("j0"), driver).start();
    let jobs = fixture.jobs.clone();
    let cancelled = tokio::spawn(async move { jobs.cancel_all().await });
    let_tasks_run().await;
    let job = fixture.start("j1", Work::UntilCancelled);
    let hour = Duration::from_secs(3600);
    let concluded = tokio::time::timeout(hour, job.concluded()).await;
    assert_eq!(concluded.map(text), Ok("Operation canceled".to_owned()));
    late.notify_one();
    cancelled.await.expect("no panic");
    assert!(fixture.jobs.query().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cancel_all_returns_at_once_without_jobs() {
    EngineFixture::new().jobs.cancel_all().await;
}

#[test]
fn the_shutdown_of_a_runtime_ends_its_jobs() {
    let fixture = EngineFixture::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let job = {
        let _inside = runtime.enter();
        fixture.create(manual("j0"), fixture.driver(Work::UntilCancelled)).start()
    };
    drop(runtime);
    assert_eq!(job.error().map(|error| error.to_string()).as_deref(), Some("Operation canceled"));
    let life = "created running aborting !FinalizeCompleted concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[test]
fn jobs_run_on_a_runtime_of_several_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build();
    runtime.expect("a runtime").block_on(async {
        let fixture = EngineFixture::new();
        let jobs: Vec<_> = (0..100)
            .map(|number| {
                let transaction = Transaction::new();
                ["a", "b"].map(|half| {
                    let options = named(&format!("{half}{number}")).auto_dismiss(false);
                    fixture.create_in(&transaction, options, fixture.driver(Work::Finish))
                })
            })
            .collect();
        let jobs: Vec<_> = jobs.into_iter().flatten().map(job::CreatedJob::start).collect();
        for job in jobs {
            assert_eq!(text(job.concluded().await), "ok");
        }
        let life = "created running waiting pending !FinalizeCompleted concluded";
        for number in 0..100 {
            for half in ["a", "b"] {
                assert_eq!(fixture.log.take_of(&format!("{half}{number}")), life);
            }
        }
    });
}
