//! Every order in which threads can take turns.

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, Runner};

/// Runs `test` once for each order in which its threads can take turns, up to so many departures
/// from the plainest one: in that, a thread goes on for as long as it can, and then the next does.
/// A departure is a thread that is interrupted in favour of any other, or one that is passed over
/// when its turn has come. There are at most `departures`, or as many as the environment says.
///
/// A fault of several threads that nobody has seen yet seldom takes more than two departures; and
/// with one more there are some hundred times as many orders.
pub(crate) fn every_order(
    name: &str,
    departures: usize,
    test: impl Fn() + Send + Sync + 'static,
) {
    let asked = std::env::var("QAPI_DEPARTURES").ok();
    let departures = asked.map_or(departures, |asked| asked.parse().expect("a number"));
    let mut config = Config::new();
    // Atomics are as if all were sequentially consistent, which is known.
    config.silence_warnings = true;
    config.stack_size = 1 << 18;
    let runs = Runner::new(Orders::new(departures), config).run(test);
    println!("{name}: {runs} orders with up to {departures} departures");
}

/// Goes through all orders, depth first.
struct Orders {
    departures: usize,
    /// What was chosen at each turn of this run, and what was not yet.
    turns: Vec<Turn>,
    /// How many turns of this run are over.
    turn: usize,
    started: bool,
}

struct Turn {
    chosen: TaskId,
    /// The departures up to and with this turn.
    departures: usize,
    /// What else there is to choose, at the cost of a departure.
    others: Vec<TaskId>,
}

impl Orders {
    fn new(departures: usize) -> Self {
        Self { departures, turns: Vec::new(), turn: 0, started: false }
    }

    /// A turn that no earlier run has come to.
    fn new_turn(&self, runnable: &[&Task], current: Option<TaskId>, yields: bool) -> Turn {
        let departures = self.turns.last().map_or(0, |turn| turn.departures);
        let mut others: Vec<_> = runnable.iter().map(|task| task.id()).collect();
        let goes_on = others.iter().position(|other| !yields && Some(*other) == current);
        let next = others.iter().position(|other| Some(*other) > current);
        let chosen = others.remove(goes_on.or(next).unwrap_or(0));
        if departures == self.departures {
            others.clear();
        }
        Turn { chosen, departures, others }
    }
}

impl Scheduler for Orders {
    fn new_execution(&mut self) -> Option<Schedule> {
        if std::mem::replace(&mut self.started, true) {
            // Back to the last turn at which there is something else to choose.
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
        unreachable!("nothing here is left to chance")
    }
}
