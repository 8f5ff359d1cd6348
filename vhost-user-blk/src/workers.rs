//! The threads that execute the requests of all queues.
//!
//! The threads of the transport only take requests from the rings. The stack of a worker is large
//! enough for the deepest graph of nodes, and a slow request delays no other one.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

/// Executes one request, with a buffer that is used again.
pub(crate) type Task = Box<dyn FnOnce(&mut Vec<u8>) + Send>;

/// Threads that execute tasks, until they are dropped.
pub(crate) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Tasks have come, or the threads shall end.
    changed: Condvar,
    /// A task has ended.
    finished: Condvar,
}

#[derive(Default)]
struct State {
    /// The tasks that wait, with the number of their queue. Each occupies a descriptor of a ring,
    /// which limits their number.
    waiting: VecDeque<(usize, Task)>,
    /// The number of tasks of each queue that wait or are executed.
    in_flight: Vec<usize>,
    is_closing: bool,
}

impl Workers {
    /// Starts threads for a number of queues.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub(crate) fn start(threads: usize, queues: usize) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        shared.state.lock().in_flight = vec![0; queues];
        let mut workers = Workers { shared, threads: Vec::new() };
        for _ in 0..threads {
            let shared = Arc::clone(&workers.shared);
            let thread = thread::Builder::new()
                .name("vhost-user-blk".to_owned())
                .stack_size(block::nodes::STACK_SIZE)
                .spawn(move || shared.work())?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Has a thread execute a task of a queue.
    pub(crate) fn execute(&self, queue: usize, task: Task) {
        let mut state = self.shared.state.lock();
        state.in_flight[queue] += 1;
        state.waiting.push_back((queue, task));
        drop(state);
        self.shared.changed.notify_one();
    }

    /// Waits until no task of a queue waits or is executed.
    pub(crate) fn drain(&self, queue: usize) {
        let mut state = self.shared.state.lock();
        while state.in_flight.get(queue).is_some_and(|count| *count > 0) {
            self.shared.finished.wait(&mut state);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.state.lock().is_closing = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A task catches its panics.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn work(&self) {
        let mut buffer = Vec::new();
        loop {
            let mut state = self.state.lock();
            while state.waiting.is_empty() && !state.is_closing {
                self.changed.wait(&mut state);
            }
            let Some((queue, task)) = state.waiting.pop_front() else { return };
            drop(state);
            task(&mut buffer);
            self.state.lock().in_flight[queue] -= 1;
            self.finished.notify_all();
        }
    }
}
