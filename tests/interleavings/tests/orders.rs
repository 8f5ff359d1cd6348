//! A scheduler that tries every order of threads.

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, Runner};

/// Runs `test` once for each order of its threads that makes at most `departures` departures from
/// the simplest order. In the simplest order, a thread runs until it waits or yields, and then the
/// next thread runs. A departure interrupts a thread in favour of another, or skips the next
/// thread. The environment variable `QAPI_DEPARTURES` overrides `departures`.
///
/// Few bugs need more than two departures. Each further departure multiplies the number of orders
/// by about a hundred.
pub(crate) fn every_order(
    name: &str,
    departures: usize,
    test: impl Fn() + Send + Sync + 'static,
) {
    let asked = std::env::var("QAPI_DEPARTURES").ok();
    let departures = asked.map_or(departures, |asked| asked.parse().expect("a number"));
    let mut config = Config::new();
    // `shuttle` treats all atomics as sequentially consistent, and would warn of that.
    config.silence_warnings = true;
    config.stack_size = 1 << 18;
    let runs = Runner::new(Orders::new(departures), config).run(test);
    println!("{name}: {runs} orders with up to {departures} departures");
}

/// Enumerates all orders, depth first.
struct Orders {
    departures: usize,
    /// The choices of this run.
    turns: Vec<Turn>,
    /// The number of choices that this run has made.
    turn: usize,
    started: bool,
}

struct Turn {
    chosen: TaskId,
    /// The departures up to and including this turn.
    departures: usize,
    /// The threads that are left to choose, at the cost of a departure.
    others: Vec<TaskId>,
}

impl Orders {
    fn new(departures: usize) -> Self {
        Self { departures, turns: Vec::new(), turn: 0, started: false }
    }

    /// A turn that no earlier run has reached.
    fn new_turn(&self, runnable: &[&Task], current: Option<TaskId>, yields: bool) -> Turn {
        let departures = self.turns.last().map_or(0, |turn| turn.departures);
        let mut others: Vec<_> = runnable.iter().map(|task| task.id()).collect();
        let continued = others.iter().position(|other| !yields && Some(*other) == current);
        let next = others.iter().position(|other| Some(*other) > current);
        let chosen = others.remove(continued.or(next).unwrap_or(0));
        if departures == self.departures {
            others.clear();
        }
        Turn { chosen, departures, others }
    }
}

impl Scheduler for Orders {
    fn new_execution(&mut self) -> Option<Schedule> {
        if std::mem::replace(&mut self.started, true) {
            // Back to the last turn with a choice left.
            while self.turns.last()?.others.is_empty() {
                self.turns.pop();
            }
            let before = self.turns.iter().rev().nth(1).map_or(0, |turn| turn.departures);
            let turn = self.turns.last_mut()?;
            turn.chosen = turn.others.pop()?;
            turn.departures = before + 1;
        }
        self.turn = 0;
        Some(Schedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        yields: bool,
    ) -> Option<TaskId> {
        if self.turn == self.turns.len() {
            let turn = self.new_turn(runnable, current, yields);
            self.turns.push(turn);
        }
        let chosen = self.turns[self.turn].chosen;
        let is_there = runnable.iter().any(|task| task.id() == chosen);
        assert!(is_there, "the same choices lead to the same place");
        self.turn += 1;
        Some(chosen)
    }

    fn next_u64(&mut self) -> u64 {
        unreachable!("no choice is random")
    }
}
