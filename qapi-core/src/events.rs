//! Events on their way from the program to every client that has negotiated.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use crate::session::{Outbox, response};
use crate::types::QapiEvent;
use crate::wire::Style;

/// The handle by which a program emits events.
///
/// Emitting does not wait and may be done from any thread. Each client that has negotiated gets
/// each event; a client that does not read is disconnected rather than waited for. All clones
/// reach the same clients.
#[derive(Clone)]
pub struct Events(Arc<Bus>);

struct Bus {
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    clients: Mutex<Vec<Weak<Outbox>>>,
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

impl Events {
    /// A handle that reaches no client yet; a server that is given it adds its clients.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// As [`new`](Self::new), with events stamped by `clock`.
    pub fn with_clock(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(Bus { clock: Box::new(clock), clients: Mutex::default() }))
    }

    /// Sends `event` to every client that has negotiated (QMP specification, "Asynchronous
    /// events"). It is in their output, before anything that follows, when this returns.
    pub fn emit<E: QapiEvent>(&self, event: &E) {
        let at = (self.0.clock)();
        let (mut plain, mut pretty) = (Vec::new(), Vec::new());
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client| {
            let Some(outbox) = client.upgrade() else { return false };
            let style = outbox.style();
            let text = if style.pretty { &mut pretty } else { &mut plain };
            if text.is_empty() {
                response::event(text, event, at, Style { depth: 0, ..style });
            }
            outbox.push_event(text);
            true
        });
    }

    pub(crate) fn subscribe(&self, outbox: &Arc<Outbox>) {
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client| client.strong_count() > 0);
        clients.push(Arc::downgrade(outbox));
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}
