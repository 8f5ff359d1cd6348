//! A machine with its run state.

use std::sync::Arc;

use parking_lot::Mutex;
use qapi_core::{Events, Result};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

use crate::machine::Machine;
use crate::messages;
use crate::schema::{Reset, Resume, RunState, Shutdown, ShutdownCause, StatusInfo, Stop};

/// A machine that clients stop and let run. Clones are handles to the same machine.
///
/// Everything that stops, starts or changes the machine happens in turn: see
/// [`turn`](Self::turn).
#[derive(Clone)]
pub struct VirtualMachine {
    inner: Arc<Inner>,
}

struct Inner {
    machine: Box<dyn Machine>,
    events: Events,
    status: Mutex<RunState>,
    turn: AsyncMutex<()>,
}

impl VirtualMachine {
    /// Takes a machine, which stands until [`cont`](Turn::cont). Its events go to `events`.
    #[must_use]
    pub fn new(machine: impl Machine, events: Events) -> Self {
        let status = Mutex::new(RunState::Prelaunch);
        let machine = Box::new(machine);
        Self { inner: Arc::new(Inner { machine, events, status, turn: AsyncMutex::default() }) }
    }

    /// The state of the machine. Does not wait for a turn.
    pub fn status(&self) -> StatusInfo {
        (*self.inner.status.lock()).into()
    }

    /// Waits until no other caller controls the machine, and controls it until the value is
    /// dropped. Callers get their turns in the order in which they asked.
    pub async fn turn(&self) -> Turn<'_> {
        Turn { vm: self, _guard: self.inner.turn.lock().await }
    }

    /// Runs work with the machine on a thread for blocking work.
    ///
    /// # Errors
    /// The error of `work`, or an error that says that `work` has panicked.
    pub(crate) async fn with_machine<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Machine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&*inner.machine))
            .await
            .unwrap_or_else(|_panicked| Err(messages::machine_panicked()))
    }

    fn set_status(&self, status: RunState) {
        *self.inner.status.lock() = status;
    }
}

/// The right to control a machine.
pub struct Turn<'a> {
    vm: &'a VirtualMachine,
    _guard: MutexGuard<'a, ()>,
}

impl Turn<'_> {
    /// Stops a running machine for a client. A machine that stands keeps its state.
    ///
    /// # Errors
    /// The machine panicked.
    pub async fn stop(&self) -> Result<()> {
        self.stop_for(RunState::Paused).await.map(drop)
    }

    /// Stops a running machine, which is then in the state `status`. A machine that stands keeps
    /// its state. Returns whether the machine was running.
    ///
    /// # Errors
    /// The machine panicked.
    pub(crate) async fn stop_for(&self, status: RunState) -> Result<bool> {
        if !self.vm.status().running {
            return Ok(false);
        }
        self.vm
            .with_machine(|machine| {
                machine.stop();
                Ok(())
            })
            .await?;
        self.vm.set_status(status);
        self.vm.inner.events.emit(&Stop {});
        Ok(true)
    }

    /// Lets a machine run that stands. Without effect on a running machine.
    ///
    /// # Errors
    /// The machine panicked.
    pub async fn cont(&self) -> Result<()> {
        if self.vm.status().running {
            return Ok(());
        }
        // The guest does nothing before the event.
        self.vm.set_status(RunState::Running);
        self.vm.inner.events.emit(&Resume {});
        self.vm
            .with_machine(|machine| {
                machine.start();
                Ok(())
            })
            .await
    }

    /// Resets the machine. A running machine runs on from its reset; a machine that stands is in
    /// the state `prelaunch` afterwards.
    ///
    /// # Errors
    /// The machine panicked.
    pub async fn reset(&self, reason: ShutdownCause) -> Result<()> {
        let running = self.vm.status().running;
        self.vm
            .with_machine(move |machine| {
                if running {
                    machine.stop();
                }
                machine.reset();
                if running {
                    machine.start();
                }
                Ok(())
            })
            .await?;
        if !running {
            self.vm.set_status(RunState::Prelaunch);
        }
        self.vm.inner.events.emit(&Reset { guest: reason.is_guest(), reason });
        Ok(())
    }

    /// Stops the machine for good, for a program that ends.
    ///
    /// # Errors
    /// The machine panicked.
    pub async fn shut_down(&self, reason: ShutdownCause) -> Result<()> {
        self.vm.inner.events.emit(&Shutdown { guest: reason.is_guest(), reason });
        self.vm.set_status(RunState::Shutdown);
        self.vm
            .with_machine(|machine| {
                machine.stop();
                Ok(())
            })
            .await
    }
}
