//! Pauses by clients, by errors, and for internal reasons.

use job::JobStatus;

use super::fixture::{EngineFixture, Work, driver_fn, let_tasks_run, manual, named, pause, text};

#[tokio::test(start_paused = true)]
async fn a_resumed_job_runs_before_the_reply() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCancelled);
    pause(&job).await;
    assert_eq!(fixture.log.take_of("j0"), "created running paused");
    assert!(!job.is_busy());
    job.user_resume().expect("paused");
    assert_eq!(fixture.log.take_of("j0"), "running");
}

#[tokio::test(start_paused = true)]
async fn ready_is_not_notified_again_after_standby() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCompleted);
    for _ in 0..3 {
        let_tasks_run().await;
        job.user_pause().expect("ready");
        let_tasks_run().await;
        assert!(job.is_ready());
        job.user_resume().expect("in standby");
    }
    let life = "created running ready !Ready standby ready standby ready standby ready";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn a_job_completed_in_standby_finishes_when_it_is_resumed() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCompleted);
    pause(&job).await;
    fixture.log.take();
    job.complete().expect("in standby");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "");
    job.user_resume().expect("in standby");
    assert_eq!(fixture.log.take_of("j0"), "ready");
    let_tasks_run().await;
    let rest = "waiting pending !FinalizeCompleted concluded null";
    assert_eq!(fixture.log.take_of("j0"), rest);
}

#[tokio::test(start_paused = true)]
async fn pausing_one_job_does_not_pause_another() {
    let fixture = EngineFixture::new();
    let first = fixture.start("j0", Work::UntilCancelled);
    let second = fixture.start("j1", Work::UntilCancelled);
    first.user_pause().expect("running");
    let_tasks_run().await;
    assert_eq!(first.status(), JobStatus::Paused);
    assert_eq!(second.status(), JobStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn pauses_are_counted() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCancelled);
    let first = job.pause();
    let second = job.pause();
    job.user_pause().expect("running");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "created running paused");
    drop(first);
    job.user_resume().expect("paused by the user too");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "");
    assert!(job.pause_requested());
    drop(second);
    assert_eq!(fixture.log.take_of("j0"), "running");
}

#[tokio::test(start_paused = true)]
async fn an_internal_pause_is_not_a_pause_by_a_client() {
    let fixture = EngineFixture::new();
    let job = fixture.start("j0", Work::UntilCancelled);
    let internal = job.pause();
    internal.paused().await;
    assert_eq!(job.status(), JobStatus::Paused);
    assert!(!job.user_paused());
    assert_eq!(text(job.user_resume()), "Can't resume a job that was not paused");
    assert_eq!(text(job.user_pause()), "ok");
}

#[tokio::test(start_paused = true)]
async fn pause_all_pauses_every_job_until_the_guards_are_dropped() {
    let fixture = EngineFixture::new();
    let jobs = ["j0", "j1"].map(|id| fixture.start(id, Work::UntilCancelled));
    let pauses = fixture.jobs.pause_all();
    for pause in &pauses {
        pause.paused().await;
    }
    assert!(jobs.iter().all(|job| job.status() == JobStatus::Paused));
    drop(pauses);
    assert!(jobs.iter().all(|job| job.status() == JobStatus::Running));
}

#[tokio::test(start_paused = true)]
async fn a_job_paused_before_its_start_does_nothing_until_resumed() {
    let fixture = EngineFixture::new();
    let created = fixture.create(named("j0"), fixture.driver(Work::Finish));
    created.job().user_pause().expect("created");
    let job = created.start();
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "created running paused");
    job.user_resume().expect("paused");
    let_tasks_run().await;
    let rest = "running waiting pending !FinalizeCompleted concluded null";
    assert_eq!(fixture.log.take_of("j0"), rest);
}

#[tokio::test(start_paused = true)]
async fn user_resume_is_called_before_the_job_leaves_its_pause() {
    let fixture = EngineFixture::new();
    let mut driver = fixture.driver(Work::UntilCancelled);
    driver.hooks = true;
    let job = fixture.create(manual("j0"), driver).start();
    pause(&job).await;
    assert_eq!(fixture.log.take_of("j0"), "created running paused");
    job.user_resume().expect("paused");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "user_resume running");
}

#[tokio::test(start_paused = true)]
async fn a_job_paused_by_an_error_counts_as_paused_by_a_client() {
    let fixture = EngineFixture::new();
    let log = fixture.log.clone();
    let driver = driver_fn(move |job| {
        let log = log.clone();
        async move {
            job.pause_for_error();
            job.pause_point().await?;
            log.write(job.id(), "retries");
            Ok(())
        }
    });
    let job = fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "created running paused");
    assert_eq!(text(job.user_pause()), "Job is already paused");
    job.user_resume().expect("stopped");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "running retries waiting pending");
}

#[tokio::test(start_paused = true)]
async fn an_error_after_a_pause_pauses_the_job_once_more() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        job.entered().await?;
        job.pause_for_error();
        loop {
            job.entered().await?;
        }
    });
    let job = fixture.create(manual("j0"), driver).start();
    pause(&job).await;
    job.user_resume().expect("paused");
    let_tasks_run().await;
    assert_eq!(job.status(), JobStatus::Paused);
    job.user_resume().expect("stopped");
    assert_eq!(job.status(), JobStatus::Running);
    assert!(!job.pause_requested());
}

#[tokio::test(start_paused = true)]
async fn two_parts_of_a_driver_pause_together() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        let part = |job: job::JobHandle| async move { job.entered().await };
        let (first, second) = tokio::join!(part(job.clone()), part(job.clone()));
        first?;
        second?;
        Ok(())
    });
    let job = fixture.create(manual("j0"), driver).start();
    pause(&job).await;
    job.user_resume().expect("paused");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "created running paused running waiting pending");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_becomes_ready_in_a_pause_is_ready_after_it() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        let rest = async { job.entered().await };
        let ready = async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            job.ready();
            Ok(())
        };
        tokio::try_join!(rest, ready)?;
        Ok(())
    });
    let job = fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    job.user_pause().expect("running");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(fixture.log.take_of("j0"), "created running paused");
    job.user_resume().expect("paused");
    assert_eq!(fixture.log.take_of("j0"), "running ready");
}

#[tokio::test(start_paused = true)]
async fn a_driver_may_return_during_a_pause() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        tokio::select! {
            rested = async { loop { job.entered().await?; } } => rested,
            () = tokio::time::sleep(std::time::Duration::from_secs(1)) => Ok(()),
        }
    });
    let job = fixture.create(manual("j0"), driver).start();
    let_tasks_run().await;
    job.user_pause().expect("running");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(fixture.log.take_of("j0"), "created running paused running waiting pending");
}

#[tokio::test(start_paused = true)]
async fn pause_points_yield_to_other_tasks() {
    let fixture = EngineFixture::new();
    let driver = driver_fn(|job| async move {
        for _ in 0..1_000_000 {
            job.pause_point().await?;
        }
        Ok(())
    });
    let job = fixture.create(manual("j0"), driver).start();
    tokio::task::yield_now().await;
    job.user_pause().expect("running");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "created running paused");
}
