//! The life cycle of single jobs: status changes, notifications and hooks, in order.

use job::{JobStatus, JobType, Speed};

use super::fixture::{EngineFixture, Work, let_tasks_run, manual, named, text};

#[tokio::test(start_paused = true)]
async fn a_job_that_finalizes_and_dismisses_itself() {
    let fixture = EngineFixture::new();
    fixture.start("j0", Work::Finish);
    assert_eq!(fixture.log.take_of("j0"), "created running");
    let_tasks_run().await;
    let rest = "waiting pending !FinalizeCompleted concluded null";
    assert_eq!(fixture.log.take_of("j0"), rest);
    assert!(fixture.jobs.find("j0").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_becomes_ready_waits_until_it_is_completed() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCompleted);
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "created running ready !Ready");
    job.complete().expect("ready");
    assert_eq!(fixture.log.take_of("j0"), "");
    let_tasks_run().await;
    let rest = "waiting pending !FinalizeCompleted concluded null";
    assert_eq!(fixture.log.take_of("j0"), rest);
}

#[tokio::test(start_paused = true)]
async fn a_job_finalized_by_a_client_is_concluded_before_the_reply() {
    let fixture = EngineFixture::new();
    let job =
        fixture.create(named("j0").auto_finalize(false), fixture.driver(Work::Finish)).start();
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "created running waiting pending !Pending");
    job.finalize().expect("pending");
    assert_eq!(fixture.log.take_of("j0"), "!FinalizeCompleted concluded null");
}

#[tokio::test(start_paused = true)]
async fn a_job_dismissed_by_a_client_is_null_before_the_reply() {
    let fixture = EngineFixture::new();
    let options = named("j0").auto_dismiss(false);
    let job = fixture.create(options, fixture.driver(Work::Finish)).start();
    let_tasks_run().await;
    let life = "created running waiting pending !FinalizeCompleted concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
    assert!(fixture.jobs.find("j0").is_some());
    job.dismiss().expect("concluded");
    assert_eq!(fixture.log.take_of("j0"), "null");
    assert_eq!(text(fixture.jobs.get("j0").map(|_| ())), "Job not found");
}

#[tokio::test(start_paused = true)]
async fn only_a_job_that_waits_for_a_client_is_notified_as_pending() {
    let fixture = EngineFixture::new();
    fixture.start("j0", Work::Finish);
    let_tasks_run().await;
    assert!(!fixture.log.take_of("j0").contains("!Pending"));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_aborts_and_reports_its_error() {
    let fixture = EngineFixture::new();
    let job = fixture.create(manual("j0"), fixture.driver(Work::Fail("No space left"))).start();
    let_tasks_run().await;
    let life = "created running aborting !FinalizeCompleted concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
    let info = job.info().expect("named");
    assert_eq!(info.error.as_deref(), Some("No space left"));
    assert_eq!(text(job.concluded().await), "No space left");
}

#[tokio::test(start_paused = true)]
async fn the_hooks_of_a_success_come_between_the_events() {
    let fixture = EngineFixture::new();
    let mut driver = fixture.driver(Work::Finish);
    driver.hooks = true;
    fixture.create(named("j0"), driver).start();
    let_tasks_run().await;
    let life = "created running waiting pending prepare commit clean !FinalizeCompleted \
                concluded null";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn the_hooks_of_a_failure_come_between_the_events() {
    let fixture = EngineFixture::new();
    let mut driver = fixture.driver(Work::Fail("as the script says"));
    driver.hooks = true;
    fixture.create(named("j0"), driver).start();
    let_tasks_run().await;
    let life = "created running aborting abort clean !FinalizeCompleted concluded null";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn a_job_may_fail_in_prepare() {
    let fixture = EngineFixture::new();
    let mut driver = fixture.driver(Work::Finish);
    driver.hooks = true;
    driver.prepare = Err(qapi_core::Error::generic("Too late"));
    let job = fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    fixture.log.take();
    assert_eq!(text(job.finalize()), "ok");
    let rest = "prepare aborting abort clean !FinalizeCompleted concluded";
    assert_eq!(fixture.log.take_of("j0"), rest);
    assert_eq!(text(job.concluded().await), "Too late");
}

#[tokio::test(start_paused = true)]
async fn a_created_job_that_is_dropped_emits_two_events() {
    let fixture = EngineFixture::new();
    let mut driver = fixture.driver(Work::Finish);
    driver.hooks = true;
    drop(fixture.create(manual("j0"), driver));
    assert_eq!(fixture.log.take_of("j0"), "created null");
    assert!(fixture.jobs.query().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_job_undone_before_its_start_is_always_dismissed() {
    let fixture = EngineFixture::new();
    let mut driver = fixture.driver(Work::Finish);
    driver.hooks = true;
    fixture.create(manual("j0"), driver).undo();
    let life = "created cancel aborting abort clean concluded null";
    assert_eq!(fixture.log.take_of("j0"), life);
    assert!(fixture.jobs.query().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_running_job_refuses_complete() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCancelled);
    let expected = "Job 'j0' in state 'running' cannot accept command verb 'complete'";
    assert_eq!(text(job.complete()), expected);
}

#[tokio::test(start_paused = true)]
async fn a_driver_without_hooks_refuses_complete_and_change() {
    let fixture = EngineFixture::new();
    let driver = super::fixture::driver_fn(|job| async move {
        job.ready();
        loop {
            job.entered().await?;
        }
    });
    let job = fixture.create(named("j0"), driver).start();
    let_tasks_run().await;
    assert_eq!(text(job.complete()), "The active block job 'j0' cannot be completed");
    assert_eq!(text(job.change(&())), "Job type does not support change");
    assert_eq!(text(job.set_speed(Speed::new(5))), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_query_lists_the_newest_first() {
    let fixture = EngineFixture::new();
    for id in ["b", "a", "c"] {
        fixture.start(id, Work::UntilCancelled);
    }
    let ids: Vec<_> = fixture.jobs.query().into_iter().map(|info| info.id).collect();
    assert_eq!(ids, ["c", "a", "b"]);
    let info = fixture.jobs.get("a").expect("it runs").info().expect("named");
    assert_eq!(info.job_type, JobType::Backup);
    assert_eq!(info.status, JobStatus::Running);
    assert_eq!(info.error, None);
}

#[tokio::test(start_paused = true)]
async fn the_driver_of_a_job_is_found_by_its_type() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCancelled);
    assert!(job.driver::<super::fixture::Scripted>().is_some());
    struct Other;
    impl job::JobDriver for Other {
        async fn run(&self, _: &job::JobHandle) -> qapi_core::Result<()> {
            Ok(())
        }
    }
    assert!(job.driver::<Other>().is_none());
}
