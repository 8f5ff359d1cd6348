//! Random verbs, from one thread and from several. After any sequence of verbs, each job has made
//! only legal transitions, and has ended.

use std::collections::HashMap;

use job::{CancelMode, Job, JobStatus, Speed, Transaction, transition};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{RngSeed, TestRunner};

use super::fixture::{EngineFixture, Work, let_tasks_run, named};

/// A job to create.
#[derive(Debug, Clone)]
struct Kind {
    work: Work,
    soft_cancel: bool,
    yields: usize,
    auto_finalize: bool,
    auto_dismiss: bool,
}

/// A verb that a client requests.
#[derive(Debug, Clone, Copy)]
enum Request {
    Pause,
    Resume,
    Complete,
    Finalize,
    Dismiss,
    SetSpeed(u64),
    Cancel(CancelMode),
}

fn kind() -> impl Strategy<Value = Kind> {
    let works = vec![
        Work::Finish,
        Work::Fail("as the script says"),
        Work::UntilCancelled,
        Work::UntilCompleted,
        Work::Seconds(3),
        Work::Panic("as the script says"),
    ];
    (select(works), any::<(bool, bool, bool)>(), 0..3_usize).prop_map(
        |(work, (soft_cancel, auto_finalize, auto_dismiss), yields)| Kind {
            work,
            soft_cancel,
            yields,
            auto_finalize,
            auto_dismiss,
        },
    )
}

/// Five transactions of up to three members each.
fn transactions() -> impl Strategy<Value = Vec<Vec<Kind>>> {
    prop::collection::vec(prop::collection::vec(kind(), 1..=3), 5)
}

/// Requests, each with the index of its job.
fn requests(count: usize) -> impl Strategy<Value = Vec<(Index, Request)>> {
    let request = prop_oneof![
        2 => Just(Request::Pause),
        2 => Just(Request::Resume),
        1 => Just(Request::Complete),
        1 => Just(Request::Finalize),
        1 => Just(Request::Dismiss),
        1 => (0..1000_u64).prop_map(Request::SetSpeed),
        1 => select(vec![CancelMode::Soft, CancelMode::Force]).prop_map(Request::Cancel),
    ];
    prop::collection::vec((any::<Index>(), request), count)
}

fn start(fixture: &EngineFixture, transactions: &[Vec<Kind>]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (number, kinds) in transactions.iter().enumerate() {
        let transaction = Transaction::new();
        let members = kinds.iter().enumerate().map(|(member, kind)| {
            let mut driver = fixture.driver(kind.work);
            driver.soft_cancel = kind.soft_cancel;
            driver.yields = kind.yields;
            let options = named(&format!("j{number}-{member}"))
                .auto_finalize(kind.auto_finalize)
                .auto_dismiss(kind.auto_dismiss);
            fixture.create_in(&transaction, options, driver)
        });
        let members: Vec<_> = members.collect();
        jobs.extend(members.into_iter().map(job::CreatedJob::start));
    }
    jobs
}

/// Makes a request, which may be refused.
fn request(jobs: &[Job], (index, request): &(Index, Request)) {
    let job = index.get(jobs);
    let _ = match *request {
        Request::Pause => job.user_pause(),
        Request::Resume => job.user_resume(),
        Request::Complete => job.complete(),
        Request::Finalize => job.finalize(),
        Request::Dismiss => job.dismiss(),
        Request::SetSpeed(speed) => job.set_speed(Speed::new(speed)),
        Request::Cancel(mode) => job.user_cancel(mode),
    };
}

fn check_lives(fixture: &EngineFixture) {
    let status_of = |word: &str| {
        JobStatus::ALL.iter().copied().find(|status| format!("{status:?}").to_lowercase() == word)
    };
    let mut last = HashMap::new();
    for line in fixture.log.take() {
        let (id, word) = line.split_once(' ').expect("two words");
        if let Some(status) = status_of(word) {
            let from = last.insert(id.to_owned(), status).unwrap_or(JobStatus::Undefined);
            assert_eq!(transition(from, status), Ok(()), "{id}");
        }
    }
    assert!(last.values().all(|status| *status == JobStatus::Null), "{last:?}");
}

/// Runs this number of cases, the same ones in each run.
fn check<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value)) {
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let run = |value| {
        test(value);
        Ok(())
    };
    TestRunner::new(config).run(strategy, run).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn from_one_thread() {
    let steps = (requests(60), prop::collection::vec(any::<bool>(), 60));
    check(100, &(transactions(), steps), |(transactions, (requests, pauses))| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let fixture = EngineFixture::new();
            let jobs = start(&fixture, &transactions);
            for (step, tasks_run) in requests.iter().zip(pauses) {
                request(&jobs, step);
                if tasks_run {
                    let_tasks_run().await;
                }
            }
            fixture.jobs.cancel_all().await;
            check_lives(&fixture);
        });
    });
}

#[test]
fn from_several_threads_at_once() {
    let clients = prop::collection::vec(requests(200), 4);
    check(30, &(transactions(), clients), |(transactions, clients)| {
        let fixture = EngineFixture::new();
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        let runtime = threads.worker_threads(3).enable_time().build().expect("a runtime");
        let inside = runtime.enter();
        let jobs = start(&fixture, &transactions);
        drop(inside);
        std::thread::scope(|scope| {
            for requests in &clients {
                let jobs = &jobs;
                scope.spawn(move || requests.iter().for_each(|step| request(jobs, step)));
            }
        });
        runtime.block_on(fixture.jobs.cancel_all());
        check_lives(&fixture);
    });
}
