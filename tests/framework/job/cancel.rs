//! Cancelling, by force and softly, in every state.

use job::{CancelMode, Job, JobStatus};

use super::fixture::{EngineFixture, Work, driver_fn, let_tasks_run, manual, named, pause, text};

/// Starts a job of a kind that supports soft cancels.
fn soft(fixture: &EngineFixture, work: Work) -> Job {
    let mut driver = fixture.driver(work);
    driver.soft_cancel = true;
    fixture.create(manual("j0"), driver).start()
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_reports_its_cancel() {
    let fixture = EngineFixture::new();
    let job = fixture.cancelled(fixture.driver(Work::UntilCancelled)).await;
    let life = "created running aborting !FinalizeCancelled concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
    assert_eq!(text(job.concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn the_hooks_of_a_cancel_come_between_the_events() {
    let fixture = EngineFixture::new();
    let mut driver = fixture.driver(Work::UntilCancelled);
    driver.hooks = true;
    let job = fixture.create(named("j0"), driver).start();
    pause(&job).await;
    fixture.log.take();
    job.user_cancel(CancelMode::Soft).expect("paused");
    let_tasks_run().await;
    let rest = "cancel user_resume running aborting abort clean !FinalizeCancelled \
                concluded null";
    assert_eq!(fixture.log.take_of("j0"), rest);
}

#[tokio::test(start_paused = true)]
async fn a_paused_job_resumes_when_it_is_cancelled() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCancelled);
    pause(&job).await;
    fixture.log.take();
    job.user_cancel(CancelMode::Force).expect("paused");
    assert_eq!(fixture.log.take_of("j0"), "running");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "aborting !FinalizeCancelled concluded null");
}

#[tokio::test(start_paused = true)]
async fn a_job_in_standby_becomes_ready_when_it_is_cancelled() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCompleted);
    pause(&job).await;
    fixture.log.take();
    job.user_cancel(CancelMode::Force).expect("in standby");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "ready aborting !FinalizeCancelled concluded null");
}

#[tokio::test(start_paused = true)]
async fn an_internal_pause_does_not_delay_a_cancel() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCancelled);
    let internal = job.pause();
    let_tasks_run().await;
    job.user_cancel(CancelMode::Force).expect("paused");
    let_tasks_run().await;
    let life = "created running paused running aborting !FinalizeCancelled concluded null";
    assert_eq!(fixture.log.take_of("j0"), life);
    drop(internal);
}

#[tokio::test(start_paused = true)]
async fn a_soft_cancel_of_a_ready_job_is_a_success() {
    let fixture = EngineFixture::new();
    let job = soft(&fixture, Work::UntilCompleted);
    let_tasks_run().await;
    job.user_cancel(CancelMode::Soft).expect("ready");
    let_tasks_run().await;
    let life = "created running ready !Ready waiting pending !Pending";
    assert_eq!(fixture.log.take_of("j0"), life);
    assert!(job.cancel_requested());
    job.finalize().expect("pending");
    assert_eq!(fixture.log.take_of("j0"), "!FinalizeCompleted concluded");
    assert_eq!(text(job.concluded().await), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_forced_cancel_of_a_ready_job_fails_it() {
    let fixture = EngineFixture::new();
    let job = soft(&fixture, Work::UntilCompleted);
    let_tasks_run().await;
    job.user_cancel(CancelMode::Force).expect("ready");
    let_tasks_run().await;
    assert_eq!(text(job.concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn a_soft_cancel_of_a_running_job_is_a_forced_one() {
    let fixture = EngineFixture::new();
    let job = soft(&fixture, Work::UntilCancelled);
    let_tasks_run().await;
    job.user_cancel(CancelMode::Soft).expect("running");
    assert!(job.is_cancelled());
    let_tasks_run().await;
    assert_eq!(job.status(), JobStatus::Concluded);
}

#[tokio::test(start_paused = true)]
async fn a_soft_cancel_of_a_pending_job_is_a_forced_one() {
    let fixture = EngineFixture::new();
    let job = soft(&fixture, Work::Finish);
    let_tasks_run().await;
    fixture.log.take();
    job.user_cancel(CancelMode::Soft).expect("pending");
    assert_eq!(fixture.log.take_of("j0"), "aborting !FinalizeCancelled concluded");
}

#[tokio::test(start_paused = true)]
async fn a_pending_job_is_concluded_before_the_reply_to_its_cancel() {
    let fixture = EngineFixture::new();
    let job = fixture.create(manual("j0"), fixture.driver(Work::Finish)).start();
    let_tasks_run().await;
    fixture.log.take();
    job.user_cancel(CancelMode::Force).expect("pending");
    assert_eq!(fixture.log.take_of("j0"), "aborting !FinalizeCancelled concluded");
    assert_eq!(text(job.concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_cannot_be_completed() {
    let fixture = EngineFixture::new();
    let job = soft(&fixture, Work::UntilCompleted);
    let_tasks_run().await;
    job.user_cancel(CancelMode::Soft).expect("ready");
    assert_eq!(text(job.complete()), "The active block job 'j0' cannot be completed");
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_succeeds_after_a_forced_cancel_counts_as_cancelled() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        let _ = job.entered().await;
        Ok(())
    });
    let job = fixture.cancelled(driver).await;
    assert_eq!(text(job.concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_cancelled_driver_has_precedence() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        let _ = job.entered().await;
        Err(qapi_core::Error::generic("Input/output error"))
    });
    let job = fixture.cancelled(driver).await;
    assert!(job.is_cancelled());
    assert_eq!(text(job.concluded().await), "Input/output error");
}

#[tokio::test(start_paused = true)]
async fn every_pause_point_of_a_cancelled_job_fails() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        assert_eq!(job.pause_point().await, Ok(()));
        assert_eq!(job.entered().await, Err(job::Cancelled));
        assert_eq!(job.pause_point().await, Err(job::Cancelled));
        assert_eq!(job.sleep(std::time::Duration::MAX).await, Err(job::Cancelled));
        assert_eq!(job.throttle(1).await, Err(job::Cancelled));
        assert_eq!(job::Cancelled.to_string(), "Operation canceled");
        Err(qapi_core::Error::generic("all seen"))
    });
    let job = fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    job.user_cancel(CancelMode::Force).expect("running");
    assert_eq!(text(job.concluded().await), "all seen");
}

#[tokio::test(start_paused = true)]
async fn a_driver_cannot_weaken_a_forced_cancel() {
    /// Makes every cancel soft.
    struct Soft;
    impl job::JobDriver for Soft {
        async fn run(&self, job: &job::JobHandle) -> qapi_core::Result<()> {
            job.ready();
            while !job.cancel_requested() {
                job.entered().await?;
            }
            Ok(())
        }
        fn cancel(&self, _: &job::JobHandle, _: CancelMode) -> CancelMode {
            CancelMode::Soft
        }
    }
    for (mode, result) in [(CancelMode::Force, "Operation canceled"), (CancelMode::Soft, "ok")] {
        let fixture = EngineFixture::new();
        let job = fixture.create(named("j0"), Soft).start();
        let_tasks_run().await;
        job.user_cancel(mode).expect("ready");
        let_tasks_run().await;
        assert_eq!(text(job.concluded().await), result);
    }
}
