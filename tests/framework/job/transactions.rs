//! Jobs that succeed together or not at all.

use job::{CancelMode, Job, JobStatus, Transaction};

use super::fixture::{EngineFixture, Work, driver_fn, let_tasks_run, manual, named, text};

/// Starts one job for each piece of work, all in one transaction: `j0`, `j1`, …
fn group(fixture: &EngineFixture, works: &[Work]) -> Vec<Job> {
    let transaction = Transaction::new();
    let create = |(number, work): (usize, &Work)| {
        let options = named(&format!("j{number}")).auto_dismiss(false);
        fixture.create_in(&transaction, options, fixture.driver(*work))
    };
    let created: Vec<_> = works.iter().enumerate().map(create).collect();
    created.into_iter().map(job::CreatedJob::start).collect()
}

#[tokio::test(start_paused = true)]
async fn all_members_are_running_when_start_returns() {
    let fixture = EngineFixture::new();
    group(&fixture, &[Work::Finish, Work::Finish]);
    assert_eq!(fixture.log.take(), ["j0 created", "j1 created", "j0 running", "j1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_done_waits_for_the_last() {
    let fixture = EngineFixture::new();
    let jobs = group(&fixture, &[Work::Finish, Work::Seconds(1)]);
    let_tasks_run().await;
    assert_eq!(jobs[0].status(), JobStatus::Waiting);
    assert_eq!(jobs[1].status(), JobStatus::Running);
    fixture.log.take();
    jobs[1].concluded().await.expect("it succeeds");
    let_tasks_run().await;
    let rest = [
        "j1 waiting",
        "j1 pending",
        "j0 pending",
        "j1 !FinalizeCompleted",
        "j1 concluded",
        "j0 !FinalizeCompleted",
        "j0 concluded",
    ];
    assert_eq!(fixture.log.take(), rest);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_member_is_aborting_before_the_reply_to_any_cancel() {
    for cancelled in [0, 1] {
        let fixture = EngineFixture::new();
        let jobs = group(&fixture, &[Work::Finish, Work::UntilCancelled]);
        let_tasks_run().await;
        fixture.log.take();
        jobs[cancelled].user_cancel(CancelMode::Force).expect("it is not over");
        assert_eq!(fixture.log.take(), ["j0 aborting"]);
        let_tasks_run().await;
        let rest = [
            "j1 aborting",
            "j1 !FinalizeCancelled",
            "j1 concluded",
            "j0 !FinalizeCancelled",
            "j0 concluded",
        ];
        assert_eq!(fixture.log.take(), rest);
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_without_a_transaction_do_not_wait_for_each_other() {
    let fixture = EngineFixture::new();
    fixture.start("j0", Work::Finish);
    fixture.start("j1", Work::UntilCancelled);
    let_tasks_run().await;
    assert!(fixture.log.take_of("j0").ends_with("concluded null"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_member_cancels_the_others_and_reports_its_own_error() {
    let fixture = EngineFixture::new();
    let jobs =
        group(&fixture, &[Work::Finish, Work::Fail("No space left"), Work::UntilCancelled]);
    let_tasks_run().await;
    let others = "aborting !FinalizeCancelled concluded";
    assert_eq!(fixture.log.take_of("j0"), format!("created running waiting {others}"));
    assert_eq!(
        fixture.log.take_of("j1"),
        "created running aborting !FinalizeCompleted concluded"
    );
    assert_eq!(fixture.log.take_of("j2"), format!("created running {others}"));
    assert_eq!(text(jobs[0].concluded().await), "Operation canceled");
    assert_eq!(text(jobs[1].concluded().await), "No space left");
    assert_eq!(text(jobs[2].concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_member_cancels_the_others() {
    let fixture = EngineFixture::new();
    let jobs = group(&fixture, &[Work::UntilCancelled, Work::UntilCompleted]);
    let_tasks_run().await;
    jobs[0].user_cancel(CancelMode::Force).expect("running");
    let_tasks_run().await;
    assert!(fixture.log.take_of("j0").ends_with("running aborting !FinalizeCancelled concluded"));
    assert!(fixture.log.take_of("j1").ends_with("!Ready aborting !FinalizeCancelled concluded"));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_waiting_member_is_concluded_after_the_running_members() {
    let fixture = EngineFixture::new();
    let jobs = group(&fixture, &[Work::Finish, Work::UntilCancelled]);
    let_tasks_run().await;
    fixture.log.take();
    jobs[0].user_cancel(CancelMode::Soft).expect("waiting");
    assert!(jobs[1].is_cancelled());
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j0"), "aborting !FinalizeCancelled concluded");
    assert_eq!(fixture.log.take_of("j1"), "aborting !FinalizeCancelled concluded");
}

#[tokio::test(start_paused = true)]
async fn a_paused_member_resumes_when_it_is_cancelled() {
    let fixture = EngineFixture::new();
    let jobs = group(&fixture, &[Work::UntilCancelled, Work::UntilCancelled]);
    let_tasks_run().await;
    jobs[1].user_pause().expect("running");
    let_tasks_run().await;
    fixture.log.take();
    jobs[0].user_cancel(CancelMode::Force).expect("running");
    let_tasks_run().await;
    assert_eq!(fixture.log.take_of("j1"), "running aborting !FinalizeCancelled concluded");
}

#[tokio::test(start_paused = true)]
async fn a_member_without_auto_finalize_delays_all() {
    for finalized in [0, 1] {
        let fixture = EngineFixture::new();
        let transaction = Transaction::new();
        let created = [
            fixture.create_in(&transaction, manual("j0"), fixture.driver(Work::Finish)),
            fixture.create_in(&transaction, named("j1"), fixture.driver(Work::Finish)),
        ];
        let jobs = created.map(job::CreatedJob::start);
        let_tasks_run().await;
        assert_eq!(fixture.log.take_of("j0"), "created running waiting pending !Pending");
        assert_eq!(fixture.log.take_of("j1"), "created running waiting pending");
        jobs[finalized].finalize().expect("pending");
        assert_eq!(fixture.log.take_of("j0"), "!FinalizeCompleted concluded");
        assert_eq!(fixture.log.take_of("j1"), "!FinalizeCompleted concluded null");
        let expected = "Job 'j0' in state 'concluded' cannot accept command verb 'finalize'";
        assert_eq!(text(jobs[0].finalize()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_cancel_of_a_pending_member_fails_all_before_the_reply() {
    let fixture = EngineFixture::new();
    let transaction = Transaction::new();
    let jobs = ["j0", "j1"]
        .map(|id| fixture.create_in(&transaction, manual(id), fixture.driver(Work::Finish)))
        .map(job::CreatedJob::start);
    let_tasks_run().await;
    fixture.log.take();
    jobs[1].user_cancel(CancelMode::Force).expect("pending");
    assert_eq!(fixture.log.take_of("j0"), "aborting !FinalizeCancelled concluded");
    assert_eq!(fixture.log.take_of("j1"), "aborting !FinalizeCancelled concluded");
}

#[tokio::test(start_paused = true)]
async fn all_are_prepared_before_the_first_is_committed() {
    let fixture = EngineFixture::new();
    let transaction = Transaction::new();
    let jobs = ["j0", "j1"].map(|id| {
        let mut driver = fixture.driver(Work::Finish);
        driver.hooks = true;
        fixture.create_in(&transaction, manual(id), driver)
    });
    let [job, _] = jobs.map(job::CreatedJob::start);
    let_tasks_run().await;
    fixture.log.take();
    job.finalize().expect("pending");
    let lines: Vec<_> = fixture.log.take();
    let hooks = ["j1 prepare", "j0 prepare", "j1 commit", "j1 clean"];
    assert_eq!(lines[..4], hooks);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_fails_in_prepare_fails_all() {
    let fixture = EngineFixture::new();
    let transaction = Transaction::new();
    let jobs = ["j0", "j1"].map(|id| {
        let mut driver = fixture.driver(Work::Finish);
        driver.hooks = true;
        if id == "j0" {
            driver.prepare = Err(qapi_core::Error::generic("Too late"));
        }
        fixture.create_in(&transaction, manual(id), driver)
    });
    let jobs = jobs.map(job::CreatedJob::start);
    let_tasks_run().await;
    fixture.log.take();
    jobs[1].finalize().expect("pending");
    assert_eq!(
        fixture.log.take_of("j0"),
        "prepare aborting abort clean !FinalizeCompleted concluded"
    );
    assert_eq!(
        fixture.log.take_of("j1"),
        "prepare cancel aborting abort clean !FinalizeCancelled concluded"
    );
    assert_eq!(text(jobs[0].concluded().await), "Too late");
    assert_eq!(text(jobs[1].concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn a_job_without_a_transaction_that_fails_in_prepare_fails_alone() {
    let fixture = EngineFixture::new();
    let jobs = ["j0", "j1"].map(|id| {
        let mut driver = fixture.driver(Work::Finish);
        if id == "j0" {
            driver.prepare = Err(qapi_core::Error::generic("Too late"));
        }
        fixture.create(manual(id), driver).start()
    });
    let_tasks_run().await;
    jobs[0].finalize().expect("pending");
    assert_eq!(text(jobs[0].concluded().await), "Too late");
    assert_eq!(jobs[1].status(), JobStatus::Pending);
    jobs[1].finalize().expect("pending");
    assert_eq!(text(jobs[1].concluded().await), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_joins_late_delays_all_and_can_fail_all() {
    for (work, status, result) in [
        (Work::Seconds(5), JobStatus::Waiting, "ok"),
        (Work::Fail("x"), JobStatus::Concluded, "Operation canceled"),
    ] {
        let fixture = EngineFixture::new();
        let transaction = Transaction::new();
        let options = named("j0").auto_dismiss(false);
        let first =
            fixture.create_in(&transaction, options, fixture.driver(Work::Seconds(1))).start();
        let_tasks_run().await;
        fixture.create_in(&transaction, named("j1"), fixture.driver(work)).start();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert_eq!(first.status(), status);
        assert_eq!(text(first.concluded().await), result);
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_cancelled_while_others_are_prepared_fails_all() {
    struct CancelsAnother(EngineFixture);
    impl job::JobDriver for CancelsAnother {
        async fn run(&self, _: &job::JobHandle) -> qapi_core::Result<()> {
            Ok(())
        }
        async fn prepare(&self, _: &job::JobHandle) -> qapi_core::Result<()> {
            self.0.jobs.get("j1")?.user_cancel(CancelMode::Force)
        }
    }
    let fixture = EngineFixture::new();
    let inner = EngineFixture { jobs: fixture.jobs.clone(), log: fixture.log.clone() };
    let transaction = Transaction::new();
    let first = fixture.create_in(&transaction, manual("j0"), CancelsAnother(inner));
    let second = fixture.create_in(&transaction, manual("j1"), fixture.driver(Work::Finish));
    let jobs = [first.start(), second.start()];
    let_tasks_run().await;
    jobs[0].finalize().expect("pending");
    for job in jobs {
        assert_eq!(text(job.concluded().await), "Operation canceled");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_undone_before_its_start_ends_when_undo_returns() {
    let fixture = EngineFixture::new();
    let transaction = Transaction::new();
    let first = fixture.create_in(&transaction, manual("j0"), fixture.driver(Work::Finish));
    let second = fixture.create_in(&transaction, named("j1"), fixture.driver(Work::Finish));
    first.undo();
    assert_eq!(fixture.log.take_of("j0"), "created aborting concluded null");
    assert_eq!(fixture.log.take_of("j1"), "created aborting concluded null");
    assert_eq!(second.start().status(), JobStatus::Null);
    assert!(fixture.jobs.query().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_member_undone_or_dropped_is_concluded_after_the_newer_members() {
    for undo in [job::CreatedJob::undo, drop] {
        let fixture = EngineFixture::new();
        let transaction = Transaction::new();
        let oldest =
            fixture.create_in(&transaction, named("j0"), fixture.driver(Work::Fail("x")));
        let mut driver = fixture.driver(Work::Finish);
        driver.hooks = true;
        let older = fixture.create_in(&transaction, named("j1"), driver);
        let newer =
            fixture.create_in(&transaction, named("j2"), fixture.driver(Work::Seconds(1)));
        newer.start();
        fixture
            .jobs
            .get("j1")
            .and_then(|job| job.user_cancel(CancelMode::Force))
            .expect("created");
        undo(older);
        assert_eq!(oldest.start().status(), JobStatus::Created);
        assert!(fixture.log.take_of("j1").ends_with("cancel"), "a newer member still runs");
        let_tasks_run().await;
        assert_eq!(fixture.log.take_of("j1"), "aborting abort clean concluded null");
        assert_eq!(fixture.log.take_of("j0"), "created aborting concluded null");
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_taken_back_does_not_delay_the_others() {
    let fixture = EngineFixture::new();
    let transaction = Transaction::new();
    let first =
        fixture.create_in(&transaction, named("j0"), fixture.driver(Work::Finish)).start();
    let second = fixture.create_in(&transaction, named("j1"), fixture.driver(Work::Finish));
    let_tasks_run().await;
    assert_eq!(first.status(), JobStatus::Waiting);
    drop(second);
    assert_eq!(first.status(), JobStatus::Null);
    assert_eq!(text(first.concluded().await), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_is_over_accepts_no_member() {
    let fixture = EngineFixture::new();
    let transaction = Transaction::new();
    fixture.create_in(&transaction, manual("j0"), fixture.driver(Work::Finish)).start();
    let_tasks_run().await;
    let late = fixture.jobs.create(named("j1"), fixture.driver(Work::Finish), Some(&transaction));
    let expected = "The transaction has already been completed or aborted";
    assert_eq!(text(late.map(drop)), expected);
    assert_eq!(fixture.log.take_of("j1"), "created null");
}

#[tokio::test(start_paused = true)]
async fn older_members_are_concluded_after_the_newer_have_stopped() {
    let fixture = EngineFixture::new();
    let transaction = Transaction::new();
    let slow = driver_fn(|job| async move {
        let _ = job.entered().await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Ok(())
    });
    let first =
        fixture.create_in(&transaction, manual("j0"), fixture.driver(Work::Fail("Too bad")));
    let second = fixture.create_in(&transaction, manual("j1"), slow).start();
    let_tasks_run().await;
    let first = first.start();
    let_tasks_run().await;
    assert_eq!(first.status(), JobStatus::Aborting);
    assert!(second.is_cancelled());
    fixture.log.take();
    assert_eq!(text(first.concluded().await), "Too bad");
    let rest = ["j1 aborting", "j1 concluded", "j0 !FinalizeCompleted", "j0 concluded"];
    assert_eq!(fixture.log.take(), rest);
}

#[tokio::test(start_paused = true)]
async fn a_member_cancelled_before_it_fails_reports_the_cancel() {
    let fixture = EngineFixture::new();
    let jobs = group(&fixture, &[Work::Fail("first"), Work::Fail("second")]);
    let_tasks_run().await;
    assert_eq!(text(jobs[0].concluded().await), "first");
    // The second driver had not begun when the first one failed.
    assert_eq!(text(jobs[1].concluded().await), "Operation canceled");
}
