//! The engine as a whole: its list of jobs, its delivery of events, and its shutdown.

use job_interleaved::CancelMode;
use shuttle::future::block_on;
use shuttle::thread;

use crate::fixture::{EngineFixture, Work};
use crate::orders::every_order;

#[test]
fn a_job_created_while_all_are_cancelled() {
    every_order("a job created while all are cancelled", 2, || {
        let fixture = EngineFixture::new();
        let other = fixture.clone();
        let client = thread::spawn(move || drop(other.start("j0", Work::UntilCancelled)));
        block_on(fixture.jobs.cancel_all());
        client.join().expect("no panic");
        fixture.end();
    });
}

#[test]
fn a_job_started_while_all_are_cancelled() {
    every_order("a job started while all are cancelled", 2, || {
        let fixture = EngineFixture::new();
        let created = fixture.create("j0", Work::UntilCancelled, None);
        let client = thread::spawn(move || drop(created.start()));
        block_on(fixture.jobs.cancel_all());
        // The job existed when the cancel began, and all its events are delivered.
        fixture.check_lives();
        client.join().expect("no panic");
        fixture.check_lives();
    });
}

#[test]
fn all_cancelled_by_two_threads() {
    every_order("all cancelled by two threads", 1, || {
        let fixture = EngineFixture::new();
        fixture.start("j0", Work::UntilCancelled);
        fixture.start("j1", Work::FinishManually);
        let other = fixture.clone();
        let client = thread::spawn(move || block_on(other.jobs.cancel_all()));
        fixture.end();
        client.join().expect("no panic");
    });
}

#[test]
fn all_paused_while_all_are_cancelled() {
    every_order("all paused while all are cancelled", 1, || {
        let fixture = EngineFixture::new();
        fixture.start("j0", Work::UntilCancelled);
        fixture.start("j1", Work::Pause);
        let other = fixture.clone();
        let client = thread::spawn(move || {
            for pause in other.jobs.pause_all() {
                block_on(pause.paused());
            }
        });
        fixture.end();
        client.join().expect("no panic");
    });
}

#[test]
fn concluded_waits_for_the_delivery() {
    every_order("concluded waits for the delivery", 1, || {
        let fixture = EngineFixture::new();
        let other = fixture.clone();
        let client = thread::spawn(move || {
            let job = other.start("j1", Work::Finish);
            assert_eq!(block_on(job.concluded()), Ok(()));
            assert!(other.log.life("j1").contains("concluded"));
        });
        let job = fixture.start("j0", Work::Finish);
        assert_eq!(block_on(job.concluded()), Ok(()));
        assert!(fixture.log.life("j0").contains("concluded"));
        client.join().expect("no panic");
        fixture.end();
    });
}

#[test]
fn two_jobs_with_one_identifier() {
    every_order("two jobs with one identifier", 2, || {
        let fixture = EngineFixture::new();
        let other = fixture.clone();
        let make = |fixture: EngineFixture| fixture.try_create("j0", Work::Finish, None).is_ok();
        let client = thread::spawn(move || make(other));
        let created = [make(fixture.clone()), client.join().expect("no panic")];
        // Each thread drops its job at once, so both may succeed, one after the other.
        assert!(created.contains(&true));
        let life =
            if created == [true, true] { "created null created null" } else { "created null" };
        assert_eq!(fixture.log.life("j0"), life);
    });
}

#[test]
fn an_engine_dropped_while_its_jobs_end() {
    every_order("an engine dropped", 1, || {
        let fixture = EngineFixture::new();
        let jobs = [
            fixture.start("j0", Work::UntilCancelled),
            fixture.start("j1", Work::FinishManually),
        ];
        let log = fixture.log.clone();
        let client = {
            let job = jobs[1].clone();
            thread::spawn(move || drop(job.user_cancel(CancelMode::Force)))
        };
        drop(fixture);
        for job in jobs {
            drop(block_on(job.concluded()));
            let id = job.id().expect("named");
            assert!(log.life(id).contains("concluded"));
        }
        client.join().expect("no panic");
    });
}
