//! A driver that panics fails its job and nothing else.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use job::qmp::job_finalize;
use job::{Job, JobDriver, JobHandle, JobStatus};

use super::bench::{Bench, Work, manual, named, settle, text};

fn job_with_panic_in(bench: &Bench, hook: &'static str, work: Work) -> Job {
    let mut driver = bench.driver(work);
    driver.panic_in = Some(hook);
    bench.create(manual("j0"), driver).start()
}

async fn error_of(job: &Job) -> String {
    settle().await;
    text(job.concluded().await)
}

#[tokio::test(start_paused = true)]
async fn in_run() {
    let bench = Bench::new();
    let other = bench.start("j1", Work::Seconds(5));
    let job = bench.create(manual("j0"), bench.driver(Work::Panic("of its own"))).start();
    let expected = "The job's driver panicked in 'run': of its own";
    assert_eq!(error_of(&job).await, expected);
    let life = "created running aborting !FinalizeCompleted concluded";
    assert_eq!(bench.log.take_of("j0"), life);
    assert_eq!(text(other.concluded().await), "ok");
}

#[tokio::test(start_paused = true)]
async fn while_it_goes_into_a_pause() {
    let bench = Bench::new();
    let job = job_with_panic_in(&bench, "pause", Work::UntilCancelled);
    settle().await;
    job.user_pause().expect("running");
    assert!(error_of(&job).await.contains("panicked in 'pause'"));
    let life = "created running aborting !FinalizeCompleted concluded";
    assert_eq!(bench.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn while_it_goes_into_a_pause_in_which_another_part_of_it_rests() {
    /// Two parts, which rest one after the other; the second panics.
    struct Parts(AtomicU32);
    impl JobDriver for Parts {
        async fn run(&self, job: &JobHandle) -> qapi_core::Result<()> {
            let second = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                job.clone().pause_point().await
            };
            let (first, second) = tokio::join!(job.idle(), second);
            Ok(first.and(second)?)
        }
        fn pause(&self, _: &JobHandle) {
            assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), 0, "as the script says");
        }
    }
    let bench = Bench::new();
    let job = bench.create(manual("j0"), Parts(AtomicU32::new(0))).start();
    settle().await;
    job.user_pause().expect("running");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(text(job.concluded().await).contains("panicked in 'pause'"));
    assert_eq!(bench.log.take_of("j0"), "created running paused running aborting concluded");
}

#[tokio::test(start_paused = true)]
async fn while_it_leaves_a_pause() {
    let bench = Bench::new();
    let job = job_with_panic_in(&bench, "resume", Work::UntilCancelled);
    settle().await;
    job.user_pause().expect("running");
    settle().await;
    job.user_resume().expect("paused");
    assert!(error_of(&job).await.contains("panicked in 'resume'"));
}

#[tokio::test(start_paused = true)]
async fn while_it_brings_things_in_order() {
    struct Untidy;
    impl JobDriver for Untidy {
        async fn run(&self, _: &JobHandle) -> qapi_core::Result<()> {
            Ok(())
        }
        async fn settle(&self, _: &JobHandle) {
            panic!("as the script says");
        }
    }
    let bench = Bench::new();
    let job = bench.create(manual("j0"), Untidy).start();
    settle().await;
    assert_eq!(text(job_finalize(&bench.jobs, "j0").await), "ok");
    let expected = "The job's driver panicked in 'settle': as the script says";
    assert_eq!(error_of(&job).await, expected);
}

#[tokio::test(start_paused = true)]
async fn in_prepare() {
    let bench = Bench::new();
    let job = job_with_panic_in(&bench, "prepare", Work::Finish);
    settle().await;
    bench.log.take();
    job.finalize().expect("pending");
    assert!(error_of(&job).await.contains("panicked in 'prepare'"));
    assert_eq!(bench.log.take_of("j0"), "aborting !FinalizeCompleted concluded");
}

#[tokio::test(start_paused = true)]
async fn in_commit_or_clean_or_abort() {
    for (hook, work) in
        [("commit", Work::Finish), ("clean", Work::Finish), ("abort", Work::UntilCancelled)]
    {
        let bench = Bench::new();
        let job = job_with_panic_in(&bench, hook, work);
        settle().await;
        job.finalize().or_else(|_| job.user_cancel(true)).expect("pending or running");
        settle().await;
        assert_eq!(job.status(), JobStatus::Concluded, "{hook}");
        assert!(job.error().is_some(), "{hook}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_the_verbs_that_answer() {
    type Ask = fn(&Job) -> qapi_core::Result<()>;
    let asks: [(&str, Ask); 3] = [
        ("set_speed", |job| job.set_speed(1)),
        ("complete", Job::complete),
        ("change", |job| job.change(&())),
    ];
    for (hook, ask) in asks {
        let bench = Bench::new();
        let job = job_with_panic_in(&bench, hook, Work::UntilCompleted);
        settle().await;
        let expected = format!("The job's driver panicked in '{hook}': ");
        let answer = text(ask(&job));
        assert!(answer.starts_with(&expected), "{answer}");
        assert_eq!(job.speed(), 0);
        // Who knows what state the driver is in: the job fails as well.
        assert_eq!(error_of(&job).await, answer);
    }
}

#[tokio::test(start_paused = true)]
async fn in_cancel_counts_as_forced() {
    let bench = Bench::new();
    let job = job_with_panic_in(&bench, "cancel", Work::UntilCompleted);
    settle().await;
    job.user_cancel(false).expect("ready");
    assert!(error_of(&job).await.contains("panicked in 'cancel'"));
    let life = "created running ready !Ready aborting !FinalizeCancelled concluded";
    assert_eq!(bench.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn before_it_is_started() {
    let bench = Bench::new();
    let mut driver = bench.driver(Work::Finish);
    driver.panic_in = Some("user_resume");
    let created = bench.create(manual("j0"), driver);
    created.job().user_pause().expect("created");
    created.job().user_resume().expect("to be paused");
    assert_eq!(bench.log.take_of("j0"), "created aborting concluded null");
    assert!(error_of(&created.start()).await.contains("panicked in 'user_resume'"));
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_for_the_others() {
    let bench = Bench::new();
    let transaction = job::Transaction::new();
    let mut driver = bench.driver(Work::Finish);
    driver.panic_in = Some("cancel");
    let job = bench.create_in(&transaction, manual("j0"), driver).start();
    let other = bench.create_in(&transaction, manual("j1"), bench.driver(Work::UntilCancelled));
    let other = other.start();
    settle().await;
    job.user_cancel(true).expect("waiting");
    assert!(error_of(&job).await.contains("panicked in 'cancel'"));
    assert_eq!(error_of(&other).await, "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn while_it_is_told_that_it_is_pending() {
    let bench = Bench::new();
    let job = job_with_panic_in(&bench, "notify", Work::Finish);
    assert!(error_of(&job).await.contains("panicked in 'notify'"));
    let life = "created running waiting pending !Pending aborting !FinalizeCompleted concluded";
    assert_eq!(bench.log.take_of("j0"), life);
}

#[tokio::test(start_paused = true)]
async fn in_user_resume() {
    let bench = Bench::new();
    let job = job_with_panic_in(&bench, "user_resume", Work::UntilCancelled);
    settle().await;
    job.user_pause().expect("running");
    settle().await;
    job.user_resume().expect("paused");
    assert!(error_of(&job).await.contains("panicked in 'user_resume'"));
}

#[tokio::test(start_paused = true)]
async fn in_a_notification() {
    let bench = Bench::new();
    let job = job_with_panic_in(&bench, "notify", Work::UntilCompleted);
    assert!(error_of(&job).await.contains("panicked in 'notify'"));
}

#[tokio::test(start_paused = true)]
async fn in_a_sink_stops_no_other_word() {
    let jobs = job::Jobs::new(|_: &job::JobStatusChange| panic!("as the script says"));
    let bench = Bench::new();
    let job = jobs.create(named("j0"), bench.driver(Work::Finish), None).expect("made").start();
    assert_eq!(text(job.concluded().await), "ok");
    assert_eq!(bench.log.take_of("j0"), "!FinalizeCompleted");
}
