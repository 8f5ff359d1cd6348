//! A driver that panics fails its job and nothing else.

use job::qmp::job_finalize;
use job::{CancelMode, Job, JobDriver, JobHandle, JobStatus};

use super::fixture::{EngineFixture, Work, let_tasks_run, manual, named, pause, text};

fn job_with_panic_in(fixture: &EngineFixture, hook: &'static str, work: Work) -> Job {
    let mut driver = fixture.driver(work);
    driver.panic_in = Some(hook);
    fixture.create(manual("j0"), driver).start()
}

async fn error_of(job: &Job) -> String {
    let_tasks_run().await;
    text(job.concluded().await)
}

#[tokio::test(start_paused = true)]
async fn in_run() {
    let fixture = EngineFixture::new();
    let other = fixture.start("j1", Work::Seconds(5));
    let job = fixture.create(manual("j0"), fixture.driver(Work::Panic("of its own"))).start();
    let expected = "The job's driver panicked in 'run': of its own";
    assert_eq!(error_of(&job).await, expected);
    let life = "created running aborting !FinalizeCompleted concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
    assert_eq!(text(other.concluded().await), "ok");
}

#[tokio::test(start_paused = true)]
async fn in_drain() {
    struct PanicsInDrain;
    impl JobDriver for PanicsInDrain {
        async fn run(&self, _: &JobHandle) -> qapi_core::Result<()> {
            Ok(())
        }
        async fn drain(&self, _: &JobHandle) {
            panic!("as the script says");
        }
    }
    let fixture = EngineFixture::new();
    let job = fixture.create(manual("j0"), PanicsInDrain).start();
    let_tasks_run().await;
    assert_eq!(text(job_finalize(&fixture.jobs, "j0").await), "ok");
    let expected = "The job's driver panicked in 'drain': as the script says";
    assert_eq!(error_of(&job).await, expected);
}

#[tokio::test(start_paused = true)]
async fn in_prepare() {
    let fixture = EngineFixture::new();
    let job = job_with_panic_in(&fixture, "prepare", Work::Finish);
    let_tasks_run().await;
    fixture.log.take();
    job.finalize().expect("pending");
    assert!(error_of(&job).await.contains("panicked in 'prepare'"));
    assert_eq!(fixture.log.take_of("j0"), "aborting !FinalizeCompleted concluded");
}

#[tokio::test(start_paused = true)]
async fn in_commit_or_clean_or_abort() {
    for (hook, work) in
        [("commit", Work::Finish), ("clean", Work::Finish), ("abort", Work::UntilCancelled)]
    {
        let fixture = EngineFixture::new();
        let job = job_with_panic_in(&fixture, hook, work);
        let_tasks_run().await;
        job.finalize()
            .or_else(|_| job.user_cancel(CancelMode::Force))
            .expect("pending or running");
        let_tasks_run().await;
        assert_eq!(job.status(), JobStatus::Concluded, "{hook}");
        assert!(job.error().is_some(), "{hook}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_complete_or_change_fails_the_verb_and_the_job() {
    type Ask = fn(&Job) -> qapi_core::Result<()>;
    let asks: [(&str, Ask); 2] = [("complete", Job::complete), ("change", |job| job.change(&()))];
    for (hook, ask) in asks {
        let fixture = EngineFixture::new();
        let job = job_with_panic_in(&fixture, hook, Work::UntilCompleted);
        let_tasks_run().await;
        let expected = format!("The job's driver panicked in '{hook}': ");
        let answer = text(ask(&job));
        assert!(answer.starts_with(&expected), "{answer}");
        // The state of the driver is unknown: the job fails as well.
        assert_eq!(error_of(&job).await, answer);
    }
}

#[tokio::test(start_paused = true)]
async fn in_cancel_counts_as_forced() {
    let fixture = EngineFixture::new();
    let job = job_with_panic_in(&fixture, "cancel", Work::UntilCompleted);
    let_tasks_run().await;
    job.user_cancel(CancelMode::Soft).expect("ready");
    assert!(error_of(&job).await.contains("panicked in 'cancel'"));
    let life = "created running ready !Ready aborting !FinalizeCancelled concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn in_user_resume_before_the_start() {
    let fixture = EngineFixture::new();
    let mut driver = fixture.driver(Work::Finish);
    driver.panic_in = Some("user_resume");
    let created = fixture.create(manual("j0"), driver);
    created.job().user_pause().expect("created");
    created.job().user_resume().expect("to be paused");
    assert_eq!(fixture.log.take_of("j0"), "created aborting concluded null");
    assert!(error_of(&created.start()).await.contains("panicked in 'user_resume'"));
}

#[tokio::test(start_paused = true)]
async fn in_cancel_of_a_waiting_job() {
    let fixture = EngineFixture::new();
    let transaction = job::Transaction::new();
    let mut driver = fixture.driver(Work::Finish);
    driver.panic_in = Some("cancel");
    let job = fixture.create_in(&transaction, manual("j0"), driver).start();
    let other =
        fixture.create_in(&transaction, manual("j1"), fixture.driver(Work::UntilCancelled));
    let other = other.start();
    let_tasks_run().await;
    job.user_cancel(CancelMode::Force).expect("waiting");
    assert!(error_of(&job).await.contains("panicked in 'cancel'"));
    assert_eq!(error_of(&other).await, "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn in_the_notification_of_pending() {
    let fixture = EngineFixture::new();
    let job = job_with_panic_in(&fixture, "notify", Work::Finish);
    assert!(error_of(&job).await.contains("panicked in 'notify'"));
    let life = "created running waiting pending !Pending aborting !FinalizeCompleted concluded";
    assert_eq!(fixture.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn in_user_resume() {
    let fixture = EngineFixture::new();
    let job = job_with_panic_in(&fixture, "user_resume", Work::UntilCancelled);
    pause(&job).await;
    job.user_resume().expect("paused");
    assert!(error_of(&job).await.contains("panicked in 'user_resume'"));
}

#[tokio::test(start_paused = true)]
async fn in_the_notification_of_ready() {
    let fixture = EngineFixture::new();
    let job = job_with_panic_in(&fixture, "notify", Work::UntilCompleted);
    assert!(error_of(&job).await.contains("panicked in 'notify'"));
}

#[tokio::test(start_paused = true)]
async fn in_a_sink_stops_no_other_event() {
    let jobs = job::Jobs::new(|_: &job::JobStatusChange| panic!("as the script says"));
    let fixture = EngineFixture::new();
    let job =
        jobs.create(named("j0"), fixture.driver(Work::Finish), None).expect("created").start();
    assert_eq!(text(job.concluded().await), "ok");
    assert_eq!(fixture.log.take_of("j0"), "!FinalizeCompleted");
}
