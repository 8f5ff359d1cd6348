//! The machine: a board with a thread that lets it run.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use block::nodes::Root;
use parking_lot::{Condvar, Mutex, MutexGuard};
use vm::Machine;

use crate::board::{Board, Pause, STATE_VERSION};

/// The instructions that the processor executes before others can lock the board.
const SLICE: u32 = 10_000;

/// A machine. Clones are handles to the same machine.
#[derive(Clone)]
pub(crate) struct RiscvMachine {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Notified when `runs` or `is_over` changes.
    changed: Condvar,
}

struct State {
    board: Board,
    disk: Option<Root>,
    runs: bool,
    /// The program ends.
    is_over: bool,
}

impl RiscvMachine {
    /// A machine that stands, with a thread that lets it run later.
    ///
    /// # Errors
    /// The system creates no thread.
    pub(crate) fn new(disk: Option<Root>) -> io::Result<Self> {
        let state = State { board: Board::new(), disk, runs: false, is_over: false };
        let shared = Shared { state: Mutex::new(state), changed: Condvar::new() };
        let machine = Self { shared: Arc::new(shared) };
        let of_thread = machine.clone();
        std::thread::Builder::new()
            .name("processor".to_owned())
            .stack_size(block::nodes::STACK_SIZE)
            .spawn(move || of_thread.run())?;
        Ok(machine)
    }

    /// Runs the board whenever it is to run. The board runs under the lock, so that who has the
    /// lock finds the board between two instructions, and the disk without a request.
    fn run(&self) {
        let mut state = self.shared.state.lock();
        while !state.is_over {
            if !state.runs {
                self.shared.changed.wait(&mut state);
                continue;
            }
            let State { board, disk, .. } = &mut *state;
            match board.run(SLICE, disk.as_ref()) {
                Pause::Slice => MutexGuard::bump(&mut state),
                Pause::Wait(time) => {
                    // The time has passed for the guest even if the wait is interrupted.
                    self.shared.changed.wait_for(&mut state, time);
                }
                Pause::Halted => self.shared.changed.wait(&mut state),
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.state.lock());
        self.shared.changed.notify_all();
    }

    /// Calls `work` with the RAM.
    pub(crate) fn with_ram<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        work(self.shared.state.lock().board.ram())
    }

    /// Ends the thread, and detaches the disk.
    pub(crate) fn end(&self) {
        let mut disk = None;
        self.change(|state| {
            state.is_over = true;
            disk = state.disk.take();
        });
    }
}

impl Machine for RiscvMachine {
    fn name(&self) -> &str {
        "riscv-counter"
    }

    fn version(&self) -> u32 {
        STATE_VERSION
    }

    fn stop(&self) {
        self.change(|state| state.runs = false);
    }

    fn start(&self) {
        self.change(|state| state.runs = true);
    }

    fn reset(&self) {
        self.change(|state| state.board = Board::new());
    }

    fn clock(&self) -> Duration {
        self.shared.state.lock().board.clock()
    }

    fn save(&self, state: &mut dyn Write) -> io::Result<()> {
        self.shared.state.lock().board.save(state)
    }

    fn load(&self, _version: u32, state: &mut dyn Read) -> io::Result<()> {
        let board = Board::load(state)?;
        self.change(|state| state.board = board);
        Ok(())
    }
}
