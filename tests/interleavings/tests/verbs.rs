//! Verbs from several clients, while the driver of the job runs.

use job_interleaved::{CancelMode, JobStatus, Speed};
use shuttle::future::block_on;
use shuttle::thread;

use crate::fixture::{EngineFixture, Work};
use crate::orders::every_order;

#[test]
fn pause_and_resume_of_a_job_at_its_pause_points() {
    every_order("pause and resume", 1, || {
        let fixture = EngineFixture::new();
        let job = fixture.start("j0", Work::Pause);
        let client = {
            let job = job.clone();
            thread::spawn(move || {
                if job.user_pause().is_ok() {
                    // The job may have ended before it paused.
                    let resumed = job.user_resume();
                    assert!(resumed.is_ok() || !job.status().is_at_work());
                }
            })
        };
        client.join().expect("no panic");
        // No pause is in force any more.
        assert_eq!(block_on(job.concluded()), Ok(()));
        fixture.end();
    });
}

#[test]
fn an_internal_pause_and_a_cancel() {
    every_order("an internal pause and a cancel", 1, || {
        let fixture = EngineFixture::new();
        let job = fixture.start("j0", Work::UntilCancelled);
        let client = {
            let job = job.clone();
            thread::spawn(move || block_on(job.pause().paused()))
        };
        job.user_cancel(CancelMode::Force).expect("at work");
        client.join().expect("no panic");
        block_on(job.concluded()).expect_err("cancelled");
        fixture.end();
    });
}

#[test]
fn two_clients_resume_a_job_stopped_by_an_error() {
    every_order("two clients resume", 1, || {
        let fixture = EngineFixture::new();
        let job = fixture.start("j0", Work::Stop);
        let clients = [0, 1].map(|_| {
            let job = job.clone();
            thread::spawn(move || job.user_resume().is_ok())
        });
        let resumed = clients.map(|client| client.join().expect("no panic"));
        fixture.end();
        let hooks =
            fixture.log.life("j0").split(' ').filter(|word| *word == "user_resume").count();
        // If no client was in time, the job was cancelled while it was stopped, or before.
        assert!(hooks <= 1);
        assert!(resumed.iter().filter(|resumed| **resumed).count() <= hooks);
    });
}

#[test]
fn a_pause_of_a_job_that_becomes_ready() {
    every_order("a pause of a job that becomes ready", 1, || {
        let fixture = EngineFixture::new();
        let job = fixture.start("j0", Work::UntilCompleted);
        let client = {
            let job = job.clone();
            thread::spawn(move || {
                job.user_pause().expect("at work");
                job.user_resume().expect("it does not end by itself");
            })
        };
        while !job.is_ready() {
            thread::yield_now();
        }
        client.join().expect("no panic");
        job.complete().expect("ready");
        assert_eq!(block_on(job.concluded()), Ok(()));
        fixture.end();
    });
}

#[test]
fn complete_and_a_soft_cancel() {
    every_order("complete and a soft cancel", 1, || {
        let fixture = EngineFixture::new();
        let job = fixture.start("j0", Work::UntilCompleted);
        let clients = [
            {
                let job = job.clone();
                thread::spawn(move || drop(job.complete()))
            },
            {
                let job = job.clone();
                thread::spawn(move || drop(job.user_cancel(CancelMode::Soft)))
            },
        ];
        for client in clients {
            client.join().expect("no panic");
        }
        // The cancel ends the job, whether it is ready or not.
        let result = block_on(job.concluded());
        assert_eq!(result.is_ok(), !job.is_cancelled());
        fixture.end();
    });
}

#[test]
fn a_cancel_never_dismisses() {
    every_order("a cancel never dismisses", 2, || {
        let fixture = EngineFixture::new();
        let job = fixture.start("j0", Work::FinishManually);
        EngineFixture::until(&job, JobStatus::Pending);
        let client = {
            let job = job.clone();
            thread::spawn(move || drop(job.user_cancel(CancelMode::Force)))
        };
        drop(job.finalize());
        client.join().expect("no panic");
        assert_ne!(job.status(), JobStatus::Null);
        fixture.end();
    });
}

#[test]
fn one_of_two_clients_dismisses() {
    every_order("one of two clients dismisses", 2, || {
        let fixture = EngineFixture::new();
        let job = fixture.start("j0", Work::FinishManually);
        job.user_cancel(CancelMode::Force).expect("not yet concluded");
        drop(block_on(job.concluded()));
        let clients = [0, 1].map(|_| {
            let job = job.clone();
            thread::spawn(move || job.dismiss().is_ok())
        });
        let dismissed = clients.map(|client| client.join().expect("no panic"));
        assert_eq!(dismissed.iter().filter(|dismissed| **dismissed).count(), 1);
        fixture.end();
    });
}

#[test]
fn a_speed_set_by_two_clients() {
    // A throttled driver waits for ever: this clock does not move.
    let clock = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let clock = clock.expect("a runtime");
    let _inside = clock.enter();
    every_order("a speed set by two clients", 1, || {
        let fixture = EngineFixture::new();
        let job = fixture.start("j0", Work::Throttle);
        let clients = [0, 1].map(|speed| {
            let job = job.clone();
            thread::spawn(move || job.set_speed(Speed::new(speed)).expect("at work"))
        });
        for client in clients {
            client.join().expect("no panic");
        }
        // The reported speed is the one that limits the driver.
        let is_unlimited = job.speed().is_unlimited();
        EngineFixture::continue_work(&job);
        if is_unlimited {
            assert_eq!(block_on(job.concluded()), Ok(()));
        } else {
            thread::yield_now();
            drop(job.user_cancel(CancelMode::Force));
            block_on(job.concluded()).expect_err("it had to wait");
        }
        fixture.end();
    });
}
