//! Hooks around every call, and their containment.

use std::any::type_name;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::call::{CallEnd, CallInfo, RejectedRequest};
use crate::error::Result;
use crate::messages;

/// Code that runs before and after every command of a server.
///
/// The methods run on the server's thread, except that `after` runs on the thread of a `blocking`
/// function. They delay all clients, so they must return quickly: a hook that writes to a file or
/// to a network passes the facts to a thread of its own. A panic of a hook does not leave the hook.
/// If `before` panics, the call fails, since the hook might have refused it.
pub trait CallHook: Send + Sync + 'static {
    /// Runs before the arguments of a command are checked. An error refuses the call, and the
    /// client receives the error.
    ///
    /// # Errors
    /// The hook refuses the call.
    fn before(&self, call: &CallInfo<'_>) -> Result<()> {
        let _ = call;
        Ok(())
    }

    /// Runs after the end of a call, once for each call. It also runs after a refused call, and
    /// then for all hooks. The reply may not be sent yet.
    fn after(&self, call: &CallInfo<'_>, end: &CallEnd) {
        let _ = (call, end);
    }

    /// Runs after a request for a command that does not exist or that the session may not execute.
    /// `before` and `after` do not run for such a request.
    fn rejected(&self, request: &RejectedRequest<'_>) {
        let _ = request;
    }
}

/// A hook and the name of its type, for the log.
#[derive(Clone)]
struct Named {
    hook: Arc<dyn CallHook>,
    type_name: &'static str,
}

/// The hooks of a server, in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct CallHooks(Vec<Named>);

impl CallHooks {
    pub(crate) fn push<H: CallHook>(&mut self, hook: H) {
        self.0.push(Named { hook: Arc::new(hook), type_name: type_name::<H>() });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asks each hook in turn, up to the first that refuses the call.
    pub(crate) fn before(&self, call: &CallInfo<'_>) -> Result<()> {
        self.0.iter().try_for_each(|named| {
            let run = || named.hook.before(call);
            let panicked = || Err(messages::handler_panicked(call.command()));
            named.contain(run).unwrap_or_else(panicked)
        })
    }

    pub(crate) fn after(&self, call: &CallInfo<'_>, end: &CallEnd) {
        for named in &self.0 {
            named.contain(|| named.hook.after(call, end));
        }
    }

    pub(crate) fn rejected(&self, request: &RejectedRequest<'_>) {
        for named in &self.0 {
            named.contain(|| named.hook.rejected(request));
        }
    }
}

impl Named {
    /// Runs a method of the hook; `None` if it panics.
    fn contain<T>(&self, run: impl FnOnce() -> T) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(run)).ok();
        if result.is_none() {
            tracing::error!(hook = self.type_name, "a call hook panicked");
        }
        result
    }
}

impl fmt::Debug for CallHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|named| named.type_name)).finish()
    }
}
