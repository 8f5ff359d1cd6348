//! Cancelling, by force and softly, in every state.

use job::{Job, JobStatus};

use super::bench::{Bench, Work, driver_fn, manual, named, settle, text};

/// A job of a kind that knows a soft end, with each hook written down only if asked for.
fn soft(bench: &Bench, work: Work) -> Job {
    let mut driver = bench.driver(work);
    driver.soft_cancel = true;
    bench.create(manual("j0"), driver).start()
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_says_that_it_was() {
    let bench = Bench::new();
    let job = bench.create(manual("j0"), bench.driver(Work::UntilCancelled)).start();
    settle().await;
    job.user_cancel(true).expect("running");
    settle().await;
    let life = "created running aborting !FinalizeCancelled concluded";
    assert_eq!(bench.log.take_of("j0"), life);
    assert_eq!(text(job.concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn the_hooks_of_a_cancel_come_between_the_events() {
    let bench = Bench::new();
    let mut driver = bench.driver(Work::UntilCancelled);
    driver.hooks = true;
    let job = bench.create(named("j0"), driver).start();
    settle().await;
    job.user_pause().expect("running");
    settle().await;
    bench.log.take();
    job.user_cancel(false).expect("paused");
    settle().await;
    let rest = "cancel user_resume running resume aborting abort clean !FinalizeCancelled \
                concluded null";
    assert_eq!(bench.log.take_of("j0"), rest);
}

#[tokio::test(start_paused = true)]
async fn a_paused_job_runs_again_to_be_cancelled() {
    let bench = Bench::new();
    let job = bench.start("j0", Work::UntilCancelled);
    settle().await;
    job.user_pause().expect("running");
    settle().await;
    bench.log.take();
    job.user_cancel(true).expect("paused");
    assert_eq!(bench.log.take_of("j0"), "running");
    settle().await;
    assert_eq!(bench.log.take_of("j0"), "aborting !FinalizeCancelled concluded null");
}

#[tokio::test(start_paused = true)]
async fn a_job_in_standby_is_ready_again_to_be_cancelled() {
    let bench = Bench::new();
    let job = bench.start("j0", Work::UntilCompleted);
    settle().await;
    job.user_pause().expect("ready");
    settle().await;
    bench.log.take();
    job.user_cancel(true).expect("in standby");
    settle().await;
    assert_eq!(bench.log.take_of("j0"), "ready aborting !FinalizeCancelled concluded null");
}

#[tokio::test(start_paused = true)]
async fn an_inner_pause_does_not_keep_a_job_from_its_cancel() {
    let bench = Bench::new();
    let job = bench.start("j0", Work::UntilCancelled);
    let inner = job.pause();
    settle().await;
    job.user_cancel(true).expect("paused");
    settle().await;
    let life = "created running paused running aborting !FinalizeCancelled concluded null";
    assert_eq!(bench.log.take_of("j0"), life);
    drop(inner);
}

#[tokio::test(start_paused = true)]
async fn a_soft_cancel_of_a_ready_job_is_a_success() {
    let bench = Bench::new();
    let job = soft(&bench, Work::UntilCompleted);
    settle().await;
    job.user_cancel(false).expect("ready");
    settle().await;
    let life = "created running ready !Ready waiting pending !Pending";
    assert_eq!(bench.log.take_of("j0"), life);
    assert!(job.cancel_requested());
    job.finalize().expect("pending");
    assert_eq!(bench.log.take_of("j0"), "!FinalizeCompleted concluded");
    assert_eq!(text(job.concluded().await), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_forced_cancel_of_a_ready_job_is_a_cancel() {
    let bench = Bench::new();
    let job = soft(&bench, Work::UntilCompleted);
    settle().await;
    job.user_cancel(true).expect("ready");
    settle().await;
    assert_eq!(text(job.concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn a_soft_cancel_of_a_running_job_is_as_good_as_forced() {
    let bench = Bench::new();
    let job = soft(&bench, Work::UntilCancelled);
    settle().await;
    job.user_cancel(false).expect("running");
    assert!(job.is_cancelled());
    settle().await;
    assert_eq!(job.status(), JobStatus::Concluded);
}

#[tokio::test(start_paused = true)]
async fn a_soft_cancel_of_a_pending_job_is_as_good_as_forced() {
    let bench = Bench::new();
    let job = soft(&bench, Work::Finish);
    settle().await;
    bench.log.take();
    job.user_cancel(false).expect("pending");
    assert_eq!(bench.log.take_of("j0"), "aborting !FinalizeCancelled concluded");
}

#[tokio::test(start_paused = true)]
async fn a_pending_job_is_cancelled_before_the_reply() {
    let bench = Bench::new();
    let job = bench.create(manual("j0"), bench.driver(Work::Finish)).start();
    settle().await;
    bench.log.take();
    job.user_cancel(true).expect("pending");
    assert_eq!(bench.log.take_of("j0"), "aborting !FinalizeCancelled concluded");
    assert_eq!(text(job.concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_cancelled_cannot_be_completed() {
    let bench = Bench::new();
    let mut driver = bench.driver(Work::UntilCompleted);
    driver.soft_cancel = true;
    let job = bench.create(manual("j0"), driver).start();
    settle().await;
    job.user_cancel(false).expect("ready");
    assert_eq!(text(job.complete()), "The active block job 'j0' cannot be completed");
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_ends_well_after_its_cancel_was_cancelled_nevertheless() {
    let bench = Bench::new();
    let driver = driver_fn(|job| async move {
        let _ = job.idle().await;
        Ok(())
    });
    let job = bench.create(manual("j0"), driver).start();
    settle().await;
    job.user_cancel(true).expect("running");
    settle().await;
    assert_eq!(text(job.concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_driver_may_have_an_error_of_its_own() {
    let bench = Bench::new();
    let driver = driver_fn(|job| async move {
        let _ = job.idle().await;
        Err(qapi_core::Error::generic("Input/output error"))
    });
    let job = bench.create(manual("j0"), driver).start();
    settle().await;
    job.user_cancel(true).expect("running");
    settle().await;
    assert!(job.is_cancelled());
    assert_eq!(text(job.concluded().await), "Input/output error");
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_every_pause_point_is_the_cancel() {
    let bench = Bench::new();
    let driver = driver_fn(|job| async move {
        assert_eq!(job.pause_point().await, Ok(()));
        assert_eq!(job.idle().await, Err(job::Cancelled));
        assert_eq!(job.pause_point().await, Err(job::Cancelled));
        assert_eq!(job.sleep(std::time::Duration::MAX).await, Err(job::Cancelled));
        assert_eq!(job.throttle(1).await, Err(job::Cancelled));
        assert_eq!(job::Cancelled.to_string(), "Operation canceled");
        Err(qapi_core::Error::generic("all seen"))
    });
    let job = bench.create(manual("j0"), driver).start();
    settle().await;
    job.user_cancel(true).expect("running");
    assert_eq!(text(job.concluded().await), "all seen");
}

#[tokio::test(start_paused = true)]
async fn a_forced_cancel_is_one_whatever_the_driver_says() {
    /// Takes every cancel for a soft one.
    struct Soft;
    impl job::JobDriver for Soft {
        async fn run(&self, job: &job::JobHandle) -> qapi_core::Result<()> {
            job.ready();
            while !job.cancel_requested() {
                job.idle().await?;
            }
            Ok(())
        }
        fn cancel(&self, _: &job::JobHandle, _: bool) -> bool {
            false
        }
    }
    for (force, result) in [(true, "Operation canceled"), (false, "ok")] {
        let bench = Bench::new();
        let job = bench.create(named("j0"), Soft).start();
        settle().await;
        job.user_cancel(force).expect("ready");
        settle().await;
        assert_eq!(text(job.concluded().await), result);
    }
}
