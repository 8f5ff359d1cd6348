//! Events on their way from the program to every client that has negotiated.

mod throttle;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::descriptor::{Definition, RateLimit};
use crate::schema::model::as_event;
use crate::session::{Outbox, response};
use crate::types::QapiEvent;
use crate::wire::Style;
use throttle::{Key, Throttle};

/// The handle by which a program emits events.
///
/// Emitting does not wait and may be done from any thread. Each client that has negotiated gets
/// each event; a client that does not read is disconnected rather than waited for. Of events with
/// a rate limit, those that come too soon are held or replaced (see
/// [`RateLimit`]). All clones reach the same clients.
#[derive(Clone)]
pub struct Events(Arc<Bus>);

struct Bus {
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
    /// Told when a period begins that ends before all others.
    rearmed: Notify,
}

#[derive(Default)]
struct State {
    clients: Vec<Weak<Outbox>>,
    /// The styles of all clients there have been or may be.
    styles: Vec<Style>,
    throttle: Throttle<Texts>,
}

/// The texts of one event, one for each style that was asked for.
#[derive(Debug, Default)]
struct Texts(Vec<(Style, Vec<u8>)>);

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
        let (state, rearmed) = (Mutex::default(), Notify::new());
        Self(Arc::new(Bus { clock: Box::new(clock), state, rearmed }))
    }

    /// Sends `event` to every client that has negotiated (QMP specification, "Asynchronous
    /// events"). It is in their output, before anything that follows, when this returns; unless
    /// it has a rate limit and comes too soon.
    pub fn emit<E: QapiEvent>(&self, event: &E) {
        let at = (self.0.clock)();
        // A client that is spared the event finds its text empty.
        let render = |out: &mut Vec<u8>, style: &Style| {
            if !style.hidden.hides(E::DEFINITION) {
                response::event(out, event, at, style);
            }
        };
        let mut state = self.lock();
        match rate_limit(E::DEFINITION) {
            None => state.send(&mut Texts::default(), &render),
            Some(RateLimit { milliseconds, key: _ }) => {
                let period = Duration::from_millis(milliseconds);
                let key = Key { event: E::DEFINITION.name, value: event.rate_limit_key() };
                self.emit_limited(&mut state, key, period, &render);
            }
        }
    }

    /// Sends held events when their periods end, for as long as it is awaited. A
    /// [`Server`](crate::Server) does this; whoever drives sessions otherwise must.
    pub async fn deliver_held(&self) {
        loop {
            let rearmed = self.0.rearmed.notified();
            tokio::pin!(rearmed);
            rearmed.as_mut().enable();
            let next = self.send_due(Instant::now());
            let period_ended = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = period_ended => {}
                () = rearmed => {}
            }
        }
    }

    pub(crate) fn subscribe(&self, outbox: &Arc<Outbox>) {
        let mut state = self.lock();
        state.clients.retain(|client| client.strong_count() > 0);
        state.clients.push(Arc::downgrade(outbox));
    }

    /// Prepares for clients that read this style, so that no held event is without it.
    pub(crate) fn expect_style(&self, style: Style) {
        let mut state = self.lock();
        if !state.styles.contains(&style) {
            state.styles.push(style);
        }
    }

    /// Sends the event at once if its period has ended, or else holds it in place of the one
    /// that was held before.
    fn emit_limited(
        &self,
        state: &mut State,
        key: Key,
        period: Duration,
        render: &dyn Fn(&mut Vec<u8>, &Style),
    ) {
        let first = state.throttle.next();
        if state.throttle.is_free(&key) {
            state.throttle.begin(key, period, Instant::now());
            state.send(&mut Texts::default(), render);
            if state.throttle.next() != first {
                self.0.rearmed.notify_waiters();
            }
            return;
        }
        let mut texts = Texts::default();
        for style in &state.styles {
            texts.get(style, render);
        }
        let size = texts.size();
        if let Err(mut texts) = state.throttle.hold(&key, texts, size) {
            state.send(&mut texts, render);
        }
    }

    /// Sends what was held by the periods that have ended; returns when the next one ends.
    fn send_due(&self, now: Instant) -> Option<Instant> {
        let mut state = self.lock();
        while let Some(ended) = state.throttle.end_period(now) {
            if let Some(mut texts) = ended {
                state.send(&mut texts, &|_, _| {});
            }
        }
        state.throttle.next()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A value that panics while it is written leaves nothing half done here.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Puts the event into every client's output, rendering what `texts` lacks.
    fn send(&mut self, texts: &mut Texts, render: &dyn Fn(&mut Vec<u8>, &Style)) {
        self.clients.retain(|client| {
            let Some(outbox) = client.upgrade() else { return false };
            let text = texts.get(outbox.style(), render);
            if !text.is_empty() {
                outbox.push_event(text);
            }
            true
        });
    }
}

impl Texts {
    /// The text in `style`, rendered if it has not been.
    fn get(&mut self, style: &Style, render: &dyn Fn(&mut Vec<u8>, &Style)) -> &[u8] {
        let found = self.0.iter().position(|(rendered, _)| rendered == style);
        let index = found.unwrap_or_else(|| {
            let mut text = Vec::new();
            render(&mut text, style);
            self.0.push((*style, text));
            self.0.len() - 1
        });
        self.0.get(index).map_or(&[], |(_, text)| text)
    }

    fn size(&self) -> usize {
        self.0.iter().map(|(_, text)| text.capacity()).sum()
    }
}

fn rate_limit(definition: &'static Definition) -> Option<RateLimit> {
    as_event(definition)?.rate_limit
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}
