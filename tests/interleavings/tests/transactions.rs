//! Members of one transaction, changed by several threads.

use job_interleaved::{CancelMode, CreatedJob, Job, JobStatus, Transaction};
use shuttle::thread;

use crate::fixture::{EngineFixture, Work};
use crate::orders::every_order;

/// Jobs `j0`, `j1`, … in one transaction.
fn group(fixture: &EngineFixture, works: &[Work]) -> Vec<CreatedJob> {
    let transaction = Transaction::new();
    let create = |(number, work): (usize, &Work)| {
        fixture.create(&format!("j{number}"), *work, Some(&transaction))
    };
    works.iter().enumerate().map(create).collect()
}

fn start(created: Vec<CreatedJob>) -> Vec<Job> {
    created.into_iter().map(CreatedJob::start).collect()
}

#[test]
fn two_members_finish() {
    every_order("two members finish", 1, || {
        let fixture = EngineFixture::new();
        start(group(&fixture, &[Work::Finish, Work::Finish]));
        shuttle::future::block_on(async {
            for id in ["j0", "j1"] {
                if let Some(job) = fixture.jobs.find(id) {
                    assert_eq!(job.concluded().await, Ok(()));
                }
            }
        });
        fixture.end();
        let life =
            "created running waiting pending commit clean !FinalizeCompleted concluded null";
        for id in ["j0", "j1"] {
            assert_eq!(sorted(&fixture.log.life(id)), sorted(life));
        }
    });
}

/// The words of a life, sorted. Hooks are called at once, but another thread may deliver events
/// later, so that the order of the words varies.
fn sorted(life: &str) -> Vec<&str> {
    let mut words: Vec<_> = life.split(' ').collect();
    words.sort_unstable();
    words
}

#[test]
fn one_member_fails_and_one_finishes() {
    every_order("one member fails and one finishes", 1, || {
        let fixture = EngineFixture::new();
        start(group(&fixture, &[Work::Finish, Work::Fail]));
        fixture.end();
        fixture.check_together(&["j0", "j1"]);
    });
}

#[test]
fn one_member_fails_while_a_client_cancels_another() {
    every_order("one member fails while a client cancels another", 1, || {
        let fixture = EngineFixture::new();
        let jobs = start(group(&fixture, &[Work::Finish, Work::Finish, Work::Fail]));
        let client = thread::spawn(move || drop(jobs[1].user_cancel(CancelMode::Force)));
        client.join().expect("no panic");
        fixture.end();
        fixture.check_together(&["j0", "j1", "j2"]);
    });
}

#[test]
fn one_member_finalized_while_the_last_becomes_pending_and_another_is_cancelled() {
    every_order("one member finalized while the last becomes pending", 1, || {
        let fixture = EngineFixture::new();
        let jobs = start(group(&fixture, &[Work::FinishManually, Work::FinishManually]));
        let (first, second) = (jobs[0].clone(), jobs[1].clone());
        let clients = [
            thread::spawn(move || drop(second.finalize())),
            thread::spawn(move || drop(first.user_cancel(CancelMode::Force))),
        ];
        for client in clients {
            client.join().expect("no panic");
        }
        fixture.end();
        fixture.check_together(&["j0", "j1"]);
    });
}

#[test]
fn both_members_finalized_at_once() {
    every_order("both members finalized at once", 1, || {
        let fixture = EngineFixture::new();
        let jobs = start(group(&fixture, &[Work::FinishManually, Work::FinishManually]));
        let finalize = |job: Job| thread::spawn(move || drop(job.finalize()));
        let clients: Vec<_> = jobs.into_iter().map(finalize).collect();
        for client in clients {
            client.join().expect("no panic");
        }
        fixture.end();
        fixture.check_together(&["j0", "j1"]);
    });
}

#[test]
fn both_members_finalized_while_all_are_cancelled() {
    every_order("both members finalized while all are cancelled", 1, || {
        let fixture = EngineFixture::new();
        let jobs = start(group(&fixture, &[Work::FinishManually, Work::FinishManually]));
        EngineFixture::until(&jobs[1], JobStatus::Pending);
        let client = thread::spawn(move || drop(jobs[0].finalize()));
        fixture.end();
        client.join().expect("no panic");
        fixture.check_together(&["j0", "j1"]);
    });
}

#[test]
fn one_member_taken_back_while_another_is_cancelled() {
    for undo in [CreatedJob::undo, drop] {
        every_order("one member taken back while another is cancelled", 2, move || {
            let fixture = EngineFixture::new();
            let mut created = group(&fixture, &[Work::Finish, Work::Finish]);
            let second = created.pop().expect("two");
            let first = created.pop().expect("two").start();
            let client = thread::spawn(move || drop(first.user_cancel(CancelMode::Force)));
            undo(second);
            client.join().expect("no panic");
            fixture.end();
            fixture.check_together(&["j0", "j1"]);
        });
    }
}

#[test]
fn one_member_started_while_another_fails() {
    every_order("one member started while another fails", 1, || {
        let fixture = EngineFixture::new();
        let mut created = group(&fixture, &[Work::Fail, Work::UntilCancelled]);
        let second = created.pop().expect("two");
        created.pop().expect("two").start();
        second.start();
        fixture.end();
        fixture.check_together(&["j0", "j1"]);
    });
}

#[test]
fn one_member_joins_late() {
    every_order("one member joins late", 1, || {
        let fixture = EngineFixture::new();
        let transaction = Transaction::new();
        let first = fixture.create("j0", Work::Finish, Some(&transaction)).start();
        let client = thread::spawn(move || drop(first.user_cancel(CancelMode::Force)));
        let late = fixture.try_create("j1", Work::Finish, Some(&transaction));
        if let Ok(late) = late {
            late.start();
        }
        client.join().expect("no panic");
        fixture.end();
        fixture.check_together(&["j0", "j1"]);
    });
}
