//! The end of jobs. The caller takes the steps of a transaction until a hook waits. A task takes
//! the remaining steps.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use qapi_core::Error;

use super::engine::Engine;
use super::{HookFuture, Job};
use crate::machine::job::TransactionKey;
use crate::machine::transactions::Step;
use crate::messages;
use crate::options::CancelMode;
use crate::sync::{CallbackScope, enter_callback, spawn_on};

impl Job {
    /// Ends the work of the driver. The transaction decides how the job ends.
    pub(super) fn exit(&self, result: Result<(), Error>) {
        if self.apply(|machine, key| machine.exit(key, result)) {
            self.apply(|machine, key| machine.abort(key));
        } else {
            self.advance_transaction();
        }
    }

    /// Continues the transaction if it no longer waits for any job.
    pub(super) fn advance_transaction(&self) {
        if self.apply(|machine, key| machine.advance(key)) {
            self.apply(|machine, key| machine.finalize(key));
        }
    }
}

impl Engine {
    /// Ends the members of a transaction. If a hook waits, a task continues after this method
    /// returns. The task runs on the runtime of the members, because the caller may be outside of
    /// any runtime.
    pub(super) fn run_transaction(self: &Arc<Self>, transaction: TransactionKey) {
        let mut task = FinalizeTask::new(self, transaction);
        if task.poll_now().is_pending() {
            let members = self.read(|machine| machine.members(transaction));
            let mut jobs = members.into_iter().filter_map(|key| self.job(key));
            let runtime = jobs.find_map(|job| job.runtime());
            spawn_on(runtime, CallbackScope::new(task));
        }
    }
}

/// A task that takes all remaining steps of a transaction.
///
/// The task is dropped early if its runtime is shut down, or if there is none. The drop takes the
/// remaining steps, without waiting for hooks.
struct FinalizeTask {
    engine: Arc<Engine>,
    transaction: TransactionKey,
    state: TaskState,
}

enum TaskState {
    /// Between two steps.
    Idle,
    /// A hook is in progress, for a step of this job.
    InHook(Job, HookKind, HookFuture),
    /// All steps are taken, or a step is in progress further up the call stack.
    Done,
}

#[derive(Clone, Copy)]
enum HookKind {
    Prepare,
    Clean,
}

/// The treatment of a hook that waits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnPending {
    Wait,
    DropHook,
}

impl FinalizeTask {
    fn new(engine: &Arc<Engine>, transaction: TransactionKey) -> Self {
        Self { engine: Arc::clone(engine), transaction, state: TaskState::Idle }
    }

    fn poll_now(&mut self) -> Poll<()> {
        let mut context = Context::from_waker(Waker::noop());
        enter_callback(|| self.poll_steps(OnPending::Wait, &mut context))
    }

    fn poll_steps(&mut self, on_pending: OnPending, context: &mut Context<'_>) -> Poll<()> {
        loop {
            // The state is `Done` during a step. If the step panics, the drop of the task therefore
            // takes no further step.
            match std::mem::replace(&mut self.state, TaskState::Done) {
                TaskState::Done => return Poll::Ready(()),
                TaskState::Idle => match self.next_state() {
                    Some(state) => self.state = state,
                    None => return Poll::Ready(()),
                },
                TaskState::InHook(job, kind, mut hook) => {
                    let result = match hook.as_mut().poll(context) {
                        Poll::Ready(result) => result,
                        Poll::Pending if on_pending == OnPending::DropHook => {
                            Err(messages::canceled())
                        }
                        Poll::Pending => {
                            self.state = TaskState::InHook(job, kind, hook);
                            return Poll::Pending;
                        }
                    };
                    drop(hook);
                    finish(&job, kind, result);
                    self.state = TaskState::Idle;
                }
            }
        }
    }

    /// Begins the next step; `None` if there is none.
    fn next_state(&self) -> Option<TaskState> {
        let step = self.engine.apply(|machine| machine.next_step(self.transaction))?;
        let (Step::Cancel(key) | Step::Prepare(key) | Step::Clean(key, _)) = step;
        // A job that was not started may have been taken back by another thread just now.
        let Some(job) = self.engine.job(key) else { return Some(TaskState::Idle) };
        let driver = Arc::clone(job.hooks());
        Some(match step {
            Step::Cancel(_) => {
                job.request_cancel(CancelMode::Force);
                TaskState::Idle
            }
            Step::Prepare(_) => {
                TaskState::InHook(job.clone(), HookKind::Prepare, driver.prepare(job))
            }
            Step::Clean(_, outcome) => {
                let hook = driver.clean(job.clone(), outcome);
                let hook = record_after(hook, &self.engine, &job);
                TaskState::InHook(job, HookKind::Clean, hook)
            }
        })
    }
}

/// The hook, followed by the storage of the job's record if the engine has a recorder. So the
/// record is stored before clients see that the job is concluded.
fn record_after(hook: HookFuture, engine: &Arc<Engine>, job: &Job) -> HookFuture {
    if engine.recorder.is_none() {
        return hook;
    }
    let (engine, job) = (Arc::clone(engine), job.clone());
    Box::pin(async move {
        let result = hook.await;
        if let Some(recorder) = &engine.recorder
            && let Some(record) = job.record(result.as_ref().err())
        {
            recorder.record(record).await;
        }
        result
    })
}

/// Reports the result of a hook.
fn finish(job: &Job, kind: HookKind, result: Result<(), Error>) {
    match kind {
        HookKind::Prepare => job.apply(|machine, key| machine.prepared(key, result)),
        HookKind::Clean => {
            // Each status change is a call of its own. If the sink queries the job while it
            // receives an event, it then sees the status that the event reports.
            job.apply(|machine, key| machine.cleaned(key, result));
            job.apply(|machine, key| machine.conclude(key));
            job.apply(|machine, key| machine.auto_dismiss(key));
        }
    }
}

impl Future for FinalizeTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.poll_steps(OnPending::Wait, context)
    }
}

impl Drop for FinalizeTask {
    fn drop(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let _ = self.poll_steps(OnPending::DropHook, &mut context);
    }
}
