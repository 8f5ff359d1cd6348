//! Verbs in any order, from anywhere: whatever clients do, jobs make legal moves only, and end.

use std::collections::HashMap;

use job::{Job, JobStatus, Transaction, transition};

use super::bench::{Bench, Work, named, settle};

/// A sequence that looks random and is always the same.
struct Dice {
    state: u64,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn roll(&mut self, sides: usize) -> usize {
        // The constants of Knuth's MMIX.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005);
        self.state = self.state.wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

const WORKS: [Work; 6] = [
    Work::Finish,
    Work::Fail("as the script says"),
    Work::UntilCancelled,
    Work::UntilCompleted,
    Work::Seconds(3),
    Work::Panic("as the script says"),
];

/// Up to three jobs, which succeed together or not at all.
fn start_group(bench: &Bench, dice: &mut Dice, number: usize) -> Vec<Job> {
    let transaction = Transaction::new();
    let members = (0..=dice.roll(3)).map(|member| {
        let mut driver = bench.driver(dice.pick(&WORKS));
        driver.soft_cancel = dice.roll(2) == 0;
        driver.turns = dice.roll(3);
        let options = named(&format!("j{number}-{member}"))
            .auto_finalize(dice.roll(2) == 0)
            .auto_dismiss(dice.roll(2) == 0);
        bench.create_in(&transaction, options, driver)
    });
    let members: Vec<_> = members.collect();
    members.into_iter().map(job::CreatedJob::start).collect()
}

/// Asks something of a job; whether it takes it is not the matter.
fn ask(job: &Job, dice: &mut Dice) {
    let _ = match dice.roll(9) {
        0 | 1 => job.user_pause(),
        2 | 3 => job.user_resume(),
        4 => job.complete(),
        5 => job.finalize(),
        6 => job.dismiss(),
        7 => job.set_speed(dice.roll(1000) as i64),
        _ => job.user_cancel(dice.roll(2) == 0),
    };
}

fn check_lives(bench: &Bench) {
    let status_of = |word: &str| {
        JobStatus::ALL.iter().copied().find(|status| format!("{status:?}").to_lowercase() == word)
    };
    let mut last = HashMap::new();
    for line in bench.log.take() {
        let (id, word) = line.split_once(' ').expect("two words");
        if let Some(status) = status_of(word) {
            let from = last.insert(id.to_owned(), status).unwrap_or(JobStatus::Undefined);
            assert_eq!(transition(from, status), Ok(()), "{id}");
        }
    }
    assert!(last.values().all(|status| *status == JobStatus::Null), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn one_after_the_other() {
    for seed in 0..100 {
        let (bench, mut dice) = (Bench::new(), Dice::new(seed));
        let mut jobs = Vec::new();
        for number in 0..5 {
            jobs.extend(start_group(&bench, &mut dice, number));
        }
        for _ in 0..60 {
            ask(&jobs[dice.roll(jobs.len())], &mut dice);
            if dice.roll(2) == 0 {
                settle().await;
            }
        }
        bench.jobs.cancel_all().await;
        check_lives(&bench);
    }
}

#[test]
fn from_several_threads_at_once() {
    for seed in 0..30 {
        let (bench, mut dice) = (Bench::new(), Dice::new(seed));
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        let runtime = threads.worker_threads(3).enable_time().build().expect("a runtime");
        let inside = runtime.enter();
        let start = |number| start_group(&bench, &mut dice, number);
        let jobs: Vec<_> = (0..5).flat_map(start).collect();
        drop(inside);
        std::thread::scope(|scope| {
            for client in 0..4 {
                let jobs = &jobs;
                scope.spawn(move || {
                    let mut dice = Dice::new(1000 * seed + client);
                    for _ in 0..200 {
                        ask(&jobs[dice.roll(jobs.len())], &mut dice);
                    }
                });
            }
        });
        runtime.block_on(bench.jobs.cancel_all());
        check_lives(&bench);
    }
}
