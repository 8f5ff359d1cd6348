//! Delivery of events from the program to every client that has negotiated.

mod throttle;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use crate::call::state::OobSafe;
use crate::protocol::envelope;
use crate::protocol::outbox::Outbox;
use crate::schema::definition::Definition;
use crate::schema::definition::call::RateLimit;
use crate::schema::query::as_event;
use crate::schema::view::MessageFormat;
use crate::types::QapiEvent;
use crate::wait_queue::WaitQueue;
use throttle::{Ended, Key, Throttle};

/// A handle by which a program emits events.
///
/// [`emit`](Self::emit) does not wait, and may be called from any thread. Each client that has
/// negotiated receives each event. A client whose unread output exceeds the limit is disconnected.
/// All clones of a handle have the same clients.
///
/// An event with a [`RateLimit`] starts a period when it is sent. Later events of the same name and
/// key are deferred until the period ends. Only the last of them is then sent.
///
/// A [`Server`](crate::Server) sends deferred events when they are due. Another event loop calls
/// [`send_due`](Self::send_due), and calls it again at the returned time or when
/// [`due_changed`](Self::due_changed) completes, whichever is first.
#[derive(Clone)]
pub struct Events(Arc<Bus>);

struct Bus {
    /// The time of day, for timestamps.
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    state: Mutex<State>,
    /// Woken when a new period ends before all others.
    next_end_changed: WaitQueue,
}

#[derive(Default)]
struct State {
    clients: Vec<Weak<Outbox>>,
    /// The formats that current and future clients may have.
    formats: Vec<MessageFormat>,
    throttle: Throttle<Texts>,
}

/// The texts of one event, one for each format in use.
#[derive(Debug, Default)]
struct Texts(Vec<(MessageFormat, Vec<u8>)>);

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

impl Events {
    /// A handle without clients. A server with this handle adds its clients.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// A handle that takes the timestamps of events from `clock`; otherwise like
    /// [`new`](Self::new).
    pub fn with_clock(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(Bus {
            clock: Box::new(clock),
            state: Mutex::default(),
            next_end_changed: WaitQueue::default(),
        }))
    }

    /// Sends `event` to every client that has negotiated (QMP specification, "Asynchronous
    /// events"). The event is in each client's output when this returns, unless its rate limit
    /// defers it.
    pub fn emit<E: QapiEvent>(&self, event: &E) {
        let at = (self.0.clock)();
        // The text stays empty for clients whose view of the schema lacks the event.
        let render = |out: &mut Vec<u8>, format: &MessageFormat| {
            if format.view.shows(E::DEFINITION) {
                envelope::event(out, event, at, format);
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

    /// Sends deferred events whose periods are over at `now`. Returns the time at which the next
    /// period ends; `None` while no period runs.
    pub fn send_due(&self, now: Instant) -> Option<Instant> {
        let mut state = self.lock();
        while let Some(ended) = state.throttle.end_period(now) {
            match ended {
                Ended::Deferred(mut texts) => state.send(&mut texts, &|_, _| {}),
                Ended::Empty => {}
            }
        }
        state.throttle.next_end()
    }

    /// Waits until the end of the next period differs from `next`, the return value of the last
    /// [`send_due`](Self::send_due).
    pub async fn due_changed(&self, next: Option<Instant>) {
        self.0.next_end_changed.wait_until(|| self.lock().throttle.next_end() != next).await;
    }

    /// Sends deferred events when they are due, until the future is dropped. A
    /// [`Server`](crate::Server) runs this future itself.
    #[cfg(feature = "server")]
    pub async fn run_throttle(&self) {
        loop {
            let next = self.send_due(monotonic_now());
            let period_ended = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = period_ended => {}
                () = self.due_changed(next) => {}
            }
        }
    }

    pub(crate) fn subscribe(&self, outbox: &Arc<Outbox>) {
        let mut state = self.lock();
        state.clients.retain(|client| client.strong_count() > 0);
        state.clients.push(Arc::downgrade(outbox));
    }

    /// Registers a format of clients, so that every deferred event has a text in this format.
    pub(crate) fn register_format(&self, format: MessageFormat) {
        let mut state = self.lock();
        if !state.formats.contains(&format) {
            state.formats.push(format);
        }
    }

    /// Sends the event at once if no period of `key` runs, and defers it otherwise.
    fn emit_limited(
        &self,
        state: &mut State,
        key: Key,
        period: Duration,
        render: &dyn Fn(&mut Vec<u8>, &MessageFormat),
    ) {
        let next_end = state.throttle.next_end();
        if state.throttle.is_idle(&key) {
            state.throttle.start(key, period, monotonic_now());
            state.send(&mut Texts::default(), render);
            if state.throttle.next_end() != next_end {
                self.0.next_end_changed.wake_all();
            }
            return;
        }
        let mut texts = Texts::default();
        for format in &state.formats {
            texts.get(format, render);
        }
        let size = texts.size();
        if let Err(mut texts) = state.throttle.defer(&key, texts, size) {
            state.send(&mut texts, render);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic during the rendering of an event leaves the state consistent, so poison is
        // ignored.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Appends the event to every client's output, and renders the texts that `texts` lacks.
    fn send(&mut self, texts: &mut Texts, render: &dyn Fn(&mut Vec<u8>, &MessageFormat)) {
        self.clients.retain(|client| {
            let Some(outbox) = client.upgrade() else { return false };
            let text = texts.get(outbox.format(), render);
            if !text.is_empty() {
                outbox.push_event(text);
            }
            true
        });
    }
}

impl Texts {
    /// The text in `format`, rendered on first use.
    fn get(
        &mut self,
        format: &MessageFormat,
        render: &dyn Fn(&mut Vec<u8>, &MessageFormat),
    ) -> &[u8] {
        let found = self.0.iter().position(|(rendered, _)| rendered == format);
        let index = found.unwrap_or_else(|| {
            let mut text = Vec::new();
            render(&mut text, format);
            self.0.push((*format, text));
            self.0.len() - 1
        });
        self.0.get(index).map_or(&[], |(_, text)| text)
    }

    fn size(&self) -> usize {
        self.0.iter().map(|(_, text)| text.capacity()).sum()
    }
}

/// The clock of rate limits. Under the feature `server` it is tokio's, which tests can pause.
fn monotonic_now() -> Instant {
    #[cfg(feature = "server")]
    return tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "server"))]
    Instant::now()
}

fn rate_limit(definition: &'static Definition) -> Option<RateLimit> {
    as_event(definition)?.rate_limit
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

/// Code under the lock only changes data in memory, and waits for nothing that takes time.
impl OobSafe for Events {}
