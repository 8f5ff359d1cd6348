//! Jobs that succeed together or not at all.

use job::{Job, JobStatus, Transaction};

use super::bench::{Bench, Work, driver_fn, manual, named, settle, text};

/// Starts one job for each piece of work, all in one transaction: `j0`, `j1`, …
fn group(bench: &Bench, works: &[Work]) -> Vec<Job> {
    let transaction = Transaction::new();
    let create = |(number, work): (usize, &Work)| {
        let options = named(&format!("j{number}")).auto_dismiss(false);
        bench.create_in(&transaction, options, bench.driver(*work))
    };
    let created: Vec<_> = works.iter().enumerate().map(create).collect();
    created.into_iter().map(job::CreatedJob::start).collect()
}

#[tokio::test(start_paused = true)]
async fn all_members_run_before_the_reply() {
    let bench = Bench::new();
    group(&bench, &[Work::Finish, Work::Finish]);
    assert_eq!(bench.log.take(), ["j0 created", "j1 created", "j0 running", "j1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_done_waits_for_the_last() {
    let bench = Bench::new();
    let jobs = group(&bench, &[Work::Finish, Work::Seconds(1)]);
    settle().await;
    assert_eq!(jobs[0].status(), JobStatus::Waiting);
    assert_eq!(jobs[1].status(), JobStatus::Running);
    bench.log.take();
    jobs[1].concluded().await.expect("it succeeds");
    settle().await;
    let rest = [
        "j1 waiting",
        "j1 pending",
        "j0 pending",
        "j1 !FinalizeCompleted",
        "j1 concluded",
        "j0 !FinalizeCompleted",
        "j0 concluded",
    ];
    assert_eq!(bench.log.take(), rest);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_done_has_failed_when_the_cancel_of_any_is_answered() {
    for cancelled in [0, 1] {
        let bench = Bench::new();
        let jobs = group(&bench, &[Work::Finish, Work::UntilCancelled]);
        settle().await;
        bench.log.take();
        jobs[cancelled].user_cancel(true).expect("it is not over");
        assert_eq!(bench.log.take(), ["j0 aborting"]);
        settle().await;
        let rest = [
            "j1 aborting",
            "j1 !FinalizeCancelled",
            "j1 concluded",
            "j0 !FinalizeCancelled",
            "j0 concluded",
        ];
        assert_eq!(bench.log.take(), rest);
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_without_a_transaction_do_not_wait_for_each_other() {
    let bench = Bench::new();
    bench.start("j0", Work::Finish);
    bench.start("j1", Work::UntilCancelled);
    settle().await;
    assert!(bench.log.take_of("j0").ends_with("concluded null"));
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_takes_the_others_with_it_and_keeps_its_error() {
    let bench = Bench::new();
    let jobs = group(&bench, &[Work::Finish, Work::Fail("No space left"), Work::UntilCancelled]);
    settle().await;
    let others = "aborting !FinalizeCancelled concluded";
    assert_eq!(bench.log.take_of("j0"), format!("created running waiting {others}"));
    assert_eq!(bench.log.take_of("j1"), "created running aborting !FinalizeCompleted concluded");
    assert_eq!(bench.log.take_of("j2"), format!("created running {others}"));
    assert_eq!(text(jobs[0].concluded().await), "Operation canceled");
    assert_eq!(text(jobs[1].concluded().await), "No space left");
    assert_eq!(text(jobs[2].concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_cancelled_takes_the_others_with_it() {
    let bench = Bench::new();
    let jobs = group(&bench, &[Work::UntilCancelled, Work::UntilCompleted]);
    settle().await;
    jobs[0].user_cancel(true).expect("running");
    settle().await;
    assert!(bench.log.take_of("j0").ends_with("running aborting !FinalizeCancelled concluded"));
    assert!(bench.log.take_of("j1").ends_with("!Ready aborting !FinalizeCancelled concluded"));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_member_can_be_cancelled_and_waits_for_those_at_work() {
    let bench = Bench::new();
    let jobs = group(&bench, &[Work::Finish, Work::UntilCancelled]);
    settle().await;
    bench.log.take();
    jobs[0].user_cancel(false).expect("waiting");
    assert!(jobs[1].is_cancelled());
    settle().await;
    assert_eq!(bench.log.take_of("j0"), "aborting !FinalizeCancelled concluded");
    assert_eq!(bench.log.take_of("j1"), "aborting !FinalizeCancelled concluded");
}

#[tokio::test(start_paused = true)]
async fn a_paused_member_runs_again_to_be_cancelled() {
    let bench = Bench::new();
    let jobs = group(&bench, &[Work::UntilCancelled, Work::UntilCancelled]);
    settle().await;
    jobs[1].user_pause().expect("running");
    settle().await;
    bench.log.take();
    jobs[0].user_cancel(true).expect("running");
    settle().await;
    assert_eq!(bench.log.take_of("j1"), "running aborting !FinalizeCancelled concluded");
}

#[tokio::test(start_paused = true)]
async fn one_that_wants_a_word_holds_all() {
    for finalized in [0, 1] {
        let bench = Bench::new();
        let transaction = Transaction::new();
        let created = [
            bench.create_in(&transaction, manual("j0"), bench.driver(Work::Finish)),
            bench.create_in(&transaction, named("j1"), bench.driver(Work::Finish)),
        ];
        let jobs = created.map(job::CreatedJob::start);
        settle().await;
        assert_eq!(bench.log.take_of("j0"), "created running waiting pending !Pending");
        assert_eq!(bench.log.take_of("j1"), "created running waiting pending");
        jobs[finalized].finalize().expect("pending");
        assert_eq!(bench.log.take_of("j0"), "!FinalizeCompleted concluded");
        assert_eq!(bench.log.take_of("j1"), "!FinalizeCompleted concluded null");
        let expected = "Job 'j0' in state 'concluded' cannot accept command verb 'finalize'";
        assert_eq!(text(jobs[0].finalize()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pending_member_that_is_cancelled_undoes_all_before_the_reply() {
    let bench = Bench::new();
    let transaction = Transaction::new();
    let jobs = ["j0", "j1"]
        .map(|id| bench.create_in(&transaction, manual(id), bench.driver(Work::Finish)))
        .map(job::CreatedJob::start);
    settle().await;
    bench.log.take();
    jobs[1].user_cancel(true).expect("pending");
    assert_eq!(bench.log.take_of("j0"), "aborting !FinalizeCancelled concluded");
    assert_eq!(bench.log.take_of("j1"), "aborting !FinalizeCancelled concluded");
}

#[tokio::test(start_paused = true)]
async fn all_are_prepared_before_the_first_is_committed() {
    let bench = Bench::new();
    let transaction = Transaction::new();
    let jobs = ["j0", "j1"].map(|id| {
        let mut driver = bench.driver(Work::Finish);
        driver.hooks = true;
        bench.create_in(&transaction, manual(id), driver)
    });
    let [job, _] = jobs.map(job::CreatedJob::start);
    settle().await;
    bench.log.take();
    job.finalize().expect("pending");
    let lines: Vec<_> = bench.log.take();
    let hooks = ["j1 prepare", "j0 prepare", "j1 commit", "j1 clean"];
    assert_eq!(lines[..4], hooks);
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_to_prepare_undoes_all() {
    let bench = Bench::new();
    let transaction = Transaction::new();
    let jobs = ["j0", "j1"].map(|id| {
        let mut driver = bench.driver(Work::Finish);
        driver.hooks = true;
        if id == "j0" {
            driver.prepare = Err(qapi_core::Error::generic("Too late"));
        }
        bench.create_in(&transaction, manual(id), driver)
    });
    let jobs = jobs.map(job::CreatedJob::start);
    settle().await;
    bench.log.take();
    jobs[1].finalize().expect("pending");
    assert_eq!(
        bench.log.take_of("j0"),
        "prepare aborting abort clean !FinalizeCompleted concluded"
    );
    assert_eq!(
        bench.log.take_of("j1"),
        "prepare cancel aborting abort clean !FinalizeCancelled concluded"
    );
    assert_eq!(text(jobs[0].concluded().await), "Too late");
    assert_eq!(text(jobs[1].concluded().await), "Operation canceled");
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_to_prepare_in_a_transaction_of_its_own_fails_alone() {
    let bench = Bench::new();
    let jobs = ["j0", "j1"].map(|id| {
        let mut driver = bench.driver(Work::Finish);
        if id == "j0" {
            driver.prepare = Err(qapi_core::Error::generic("Too late"));
        }
        bench.create(manual(id), driver).start()
    });
    settle().await;
    jobs[0].finalize().expect("pending");
    assert_eq!(text(jobs[0].concluded().await), "Too late");
    assert_eq!(jobs[1].status(), JobStatus::Pending);
    jobs[1].finalize().expect("pending");
    assert_eq!(text(jobs[1].concluded().await), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_joins_late_is_waited_for_and_can_undo_all() {
    for (work, status, result) in [
        (Work::Seconds(5), JobStatus::Waiting, "ok"),
        (Work::Fail("x"), JobStatus::Concluded, "Operation canceled"),
    ] {
        let bench = Bench::new();
        let transaction = Transaction::new();
        let options = named("j0").auto_dismiss(false);
        let first =
            bench.create_in(&transaction, options, bench.driver(Work::Seconds(1))).start();
        settle().await;
        bench.create_in(&transaction, named("j1"), bench.driver(work)).start();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert_eq!(first.status(), status);
        assert_eq!(text(first.concluded().await), result);
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_cancelled_while_others_are_prepared_undoes_all() {
    struct CancelsAnother(Bench);
    impl job::JobDriver for CancelsAnother {
        async fn run(&self, _: &job::JobHandle) -> qapi_core::Result<()> {
            Ok(())
        }
        async fn prepare(&self, _: &job::JobHandle) -> qapi_core::Result<()> {
            self.0.jobs.get("j1")?.user_cancel(true)
        }
    }
    let bench = Bench::new();
    let inner = Bench { jobs: bench.jobs.clone(), log: bench.log.clone() };
    let transaction = Transaction::new();
    let first = bench.create_in(&transaction, manual("j0"), CancelsAnother(inner));
    let second = bench.create_in(&transaction, manual("j1"), bench.driver(Work::Finish));
    let jobs = [first.start(), second.start()];
    settle().await;
    jobs[0].finalize().expect("pending");
    for job in jobs {
        assert_eq!(text(job.concluded().await), "Operation canceled");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_undone_before_its_start_ends_before_the_reply() {
    let bench = Bench::new();
    let transaction = Transaction::new();
    let first = bench.create_in(&transaction, manual("j0"), bench.driver(Work::Finish));
    let second = bench.create_in(&transaction, named("j1"), bench.driver(Work::Finish));
    first.undo();
    assert_eq!(bench.log.take_of("j0"), "created aborting concluded null");
    assert_eq!(bench.log.take_of("j1"), "created aborting concluded null");
    assert_eq!(second.start().status(), JobStatus::Null);
    assert!(bench.jobs.query().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_member_undone_or_dropped_waits_for_the_younger_that_run() {
    for undo in [job::CreatedJob::undo, drop] {
        let bench = Bench::new();
        let transaction = Transaction::new();
        let oldest = bench.create_in(&transaction, named("j0"), bench.driver(Work::Fail("x")));
        let mut driver = bench.driver(Work::Finish);
        driver.hooks = true;
        let older = bench.create_in(&transaction, named("j1"), driver);
        let younger = bench.create_in(&transaction, named("j2"), bench.driver(Work::Seconds(1)));
        younger.start();
        bench.jobs.get("j1").and_then(|job| job.user_cancel(true)).expect("created");
        undo(older);
        assert_eq!(oldest.start().status(), JobStatus::Created);
        assert!(bench.log.take_of("j1").ends_with("cancel"), "its turn has not come");
        settle().await;
        assert_eq!(bench.log.take_of("j1"), "aborting abort clean concluded null");
        assert_eq!(bench.log.take_of("j0"), "created aborting concluded null");
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_taken_back_does_not_hold_the_others() {
    let bench = Bench::new();
    let transaction = Transaction::new();
    let first = bench.create_in(&transaction, named("j0"), bench.driver(Work::Finish)).start();
    let second = bench.create_in(&transaction, named("j1"), bench.driver(Work::Finish));
    settle().await;
    assert_eq!(first.status(), JobStatus::Waiting);
    drop(second);
    assert_eq!(first.status(), JobStatus::Null);
    assert_eq!(text(first.concluded().await), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_is_over_takes_no_more() {
    let bench = Bench::new();
    let transaction = Transaction::new();
    bench.create_in(&transaction, manual("j0"), bench.driver(Work::Finish)).start();
    settle().await;
    let late = bench.jobs.create(named("j1"), bench.driver(Work::Finish), Some(&transaction));
    let expected = "The transaction has already been completed or aborted";
    assert_eq!(text(late.map(drop)), expected);
    assert_eq!(bench.log.take_of("j1"), "created null");
}

#[tokio::test(start_paused = true)]
async fn older_members_are_concluded_after_the_younger_have_stopped() {
    let bench = Bench::new();
    let transaction = Transaction::new();
    let slow = driver_fn(|job| async move {
        let _ = job.idle().await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Ok(())
    });
    let first = bench.create_in(&transaction, manual("j0"), bench.driver(Work::Fail("Too bad")));
    let second = bench.create_in(&transaction, manual("j1"), slow).start();
    settle().await;
    let first = first.start();
    settle().await;
    assert_eq!(first.status(), JobStatus::Aborting);
    assert!(second.is_cancelled());
    bench.log.take();
    assert_eq!(text(first.concluded().await), "Too bad");
    let rest = ["j1 aborting", "j1 concluded", "j0 !FinalizeCompleted", "j0 concluded"];
    assert_eq!(bench.log.take(), rest);
}

#[tokio::test(start_paused = true)]
async fn two_that_fail_both_keep_their_errors_unless_one_was_cancelled_first() {
    let bench = Bench::new();
    let jobs = group(&bench, &[Work::Fail("first"), Work::Fail("second")]);
    settle().await;
    assert_eq!(text(jobs[0].concluded().await), "first");
    // It had not begun when the first one failed.
    assert_eq!(text(jobs[1].concluded().await), "Operation canceled");
}
