//! Measures one call from its request to its end, and reports it to the hooks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tracing::{Instrument, Span};

use super::call::{CallEnd, CallInfo, CallOutcome};
use super::hooks::CallHooks;
use crate::call::handler::{Call, Execution};
use crate::call::session::SessionContext;
use crate::clock::monotonic_now;
use crate::schema::definition::Definition;

/// One call, as the hooks see it. The first end of the call counts, since a call can both exceed
/// its deadline and return later.
#[derive(Debug)]
pub(crate) struct CallTracker {
    hooks: Arc<CallHooks>,
    definition: &'static Definition,
    session: Arc<SessionContext>,
    execution: Execution,
    is_oob: bool,
    received: Instant,
    began: OnceLock<Instant>,
    has_ended: AtomicBool,
}

impl CallTracker {
    /// Begins to track a call whose request arrived at `received`.
    pub(crate) fn new(
        hooks: &Arc<CallHooks>,
        session: &Arc<SessionContext>,
        call: &CallInfo<'_>,
        received: Instant,
    ) -> Self {
        let CallInfo { definition, session: _, execution, is_oob } = *call;
        Self {
            hooks: Arc::clone(hooks),
            definition,
            session: Arc::clone(session),
            execution,
            is_oob,
            received,
            began: OnceLock::new(),
            has_ended: AtomicBool::new(false),
        }
    }

    pub(crate) fn info(&self) -> CallInfo<'_> {
        let &Self { definition, ref session, execution, is_oob, .. } = self;
        CallInfo { definition, session, execution, is_oob }
    }

    /// Records that the function begins.
    pub(crate) fn begin(&self) {
        let _ = self.began.set(monotonic_now());
    }

    /// Reports the end of the call to the hooks, once.
    pub(crate) fn end(&self, outcome: CallOutcome) {
        if self.has_ended.swap(true, Ordering::AcqRel) {
            return;
        }
        let now = monotonic_now();
        let began = self.began.get().copied().unwrap_or(now);
        let waited = began.saturating_duration_since(self.received);
        let ran = now.saturating_duration_since(began);
        self.hooks.after(&self.info(), &CallEnd { outcome, waited, ran });
    }

    /// The same call, which reports its beginning and its end. What the function logs is within
    /// `span`.
    pub(crate) fn track(self: Arc<Self>, call: Call, span: Span) -> Call {
        match call {
            Call::Async(call) => Call::Async(Box::pin(
                async move {
                    let guard = EndGuard(self);
                    guard.0.begin();
                    let result = call.await;
                    guard.0.end(CallOutcome::of(&result));
                    result
                }
                .instrument(span),
            )),
            Call::Blocking(call) => {
                // The thread of the function may have another default subscriber.
                let subscriber = tracing::dispatcher::get_default(Clone::clone);
                Call::Blocking(Box::new(move || {
                    tracing::dispatcher::with_default(&subscriber, || {
                        span.in_scope(|| {
                            let guard = EndGuard(self);
                            guard.0.begin();
                            let result = call();
                            guard.0.end(CallOutcome::of(&result));
                            result
                        })
                    })
                }))
            }
        }
    }
}

/// Ends the call if it is dropped or panics.
struct EndGuard(Arc<CallTracker>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        let panicking = std::thread::panicking();
        self.0.end(if panicking { CallOutcome::Panicked } else { CallOutcome::Cancelled });
    }
}
