//! Delivery of events from the program to every client that has negotiated.

mod throttle;

use std::ptr;
#[cfg(feature = "metrics")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use crate::call::session::SessionContext;
use crate::call::state::OobSafe;
use crate::clock::monotonic_now;
#[cfg(feature = "metrics")]
use crate::observe::metrics::{EventFate, count_event};
use crate::observe::traffic::TrafficLog;
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
    /// Logs the events of a service that logs all messages.
    traffic: OnceLock<Arc<TrafficLog>>,
    /// Whether events are counted.
    #[cfg(feature = "metrics")]
    is_counted: AtomicBool,
}

#[derive(Default)]
struct State {
    clients: Vec<Weak<Outbox>>,
    /// The formats that current and future clients may have.
    formats: Vec<MessageFormat>,
    throttle: Throttle<Texts>,
}

/// The texts of one event, one for each format in use.
#[derive(Debug)]
struct Texts {
    definition: &'static Definition,
    rendered: Vec<(MessageFormat, Vec<u8>)>,
}

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
            traffic: OnceLock::new(),
            #[cfg(feature = "metrics")]
            is_counted: AtomicBool::new(false),
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
        let Some(RateLimit { milliseconds, key: _ }) = rate_limit(E::DEFINITION) else {
            self.send(&mut state, &mut Texts::new(E::DEFINITION), &render);
            return;
        };
        let period = Duration::from_millis(milliseconds);
        let key = Key { event: E::DEFINITION.name, value: event.rate_limit_key() };
        if event.is_exempt() {
            // An older event never follows a newer one of the same key.
            self.send_deferred(&mut state, |other| *other == key);
            self.send(&mut state, &mut Texts::new(E::DEFINITION), &render);
        } else {
            self.emit_limited(&mut state, key, period, Texts::new(E::DEFINITION), &render);
        }
    }

    /// Sends `event` to the client of `session` alone, if the client has negotiated. A rate limit
    /// does not apply.
    ///
    /// ```
    /// use qapi_core::prelude::*;
    ///
    /// /// The caller's work has begun.
    /// #[qapi_event]
    /// struct WorkBegun {}
    ///
    /// /// Begins some work, and notifies only the caller.
    /// #[qapi_command]
    /// fn work_begin(#[qapi(session)] session: &SessionContext, #[qapi(state)] events: &Events) {
    ///     events.emit_to(session, &WorkBegun {});
    /// }
    /// ```
    pub fn emit_to<E: QapiEvent>(&self, session: &SessionContext, event: &E) {
        let at = (self.0.clock)();
        let state = self.lock();
        let clients = state.clients.iter().filter_map(Weak::upgrade);
        for outbox in clients.filter(|outbox| ptr::eq(outbox.session(), session)) {
            let format = outbox.format();
            if format.view.shows(E::DEFINITION) {
                let mut text = Vec::new();
                envelope::event(&mut text, event, at, format);
                self.deliver(&outbox, E::DEFINITION, &text);
            }
        }
    }

    /// Sends all deferred events now. Their periods continue. A server calls this before its
    /// sessions close, so that no event is lost at its end.
    pub fn flush(&self) {
        self.send_deferred(&mut self.lock(), |_| true);
    }

    /// Sends the deferred events of type `E` now; otherwise like [`flush`](Self::flush).
    pub fn flush_events<E: QapiEvent>(&self) {
        self.send_deferred(&mut self.lock(), |key| key.event == E::DEFINITION.name);
    }

    /// Sends all deferred events whose [key](RateLimit::key) has this value now, of any type;
    /// otherwise like [`flush`](Self::flush). Call it before the last event about an object, so
    /// that events about its progress do not follow its end.
    ///
    /// ```
    /// use qapi_core::prelude::*;
    ///
    /// /// The progress of a download.
    /// #[qapi_event(rate_limit = "1s", key = "id")]
    /// struct DownloadProgress { id: String, percent: u8 }
    ///
    /// /// A download has ended.
    /// #[qapi_event]
    /// struct DownloadEnded { id: String }
    ///
    /// fn end(events: &Events, id: &str) {
    ///     events.emit(&DownloadProgress { id: id.to_owned(), percent: 100 });
    ///     events.flush_key(id);
    ///     events.emit(&DownloadEnded { id: id.to_owned() });
    /// }
    /// ```
    pub fn flush_key<T: Serialize + ?Sized>(&self, value: &T) {
        // The same text as in `rate_limit_key` of the event.
        let value = serde_json::to_vec(value).unwrap_or_default();
        self.send_deferred(&mut self.lock(), |key| key.value == value);
    }

    /// Sends deferred events whose periods are over at `now`. Returns the time at which the next
    /// period ends; `None` while no period runs.
    pub fn send_due(&self, now: Instant) -> Option<Instant> {
        let mut state = self.lock();
        while let Some(ended) = state.throttle.end_period(now) {
            match ended {
                Ended::Deferred(mut texts) => self.send(&mut state, &mut texts, &|_, _| {}),
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
        mut texts: Texts,
        render: &dyn Fn(&mut Vec<u8>, &MessageFormat),
    ) {
        let next_end = state.throttle.next_end();
        if state.throttle.is_idle(&key) {
            state.throttle.start(key, period, monotonic_now());
            self.send(state, &mut texts, render);
            if state.throttle.next_end() != next_end {
                self.0.next_end_changed.wake_all();
            }
            return;
        }
        for format in &state.formats {
            texts.get(format, render);
        }
        #[cfg(feature = "metrics")]
        {
            if state.throttle.has_deferred(&key) {
                self.count(key.event, EventFate::Dropped);
            }
            self.count(key.event, EventFate::Deferred);
        }
        let size = texts.size();
        if let Err(mut texts) = state.throttle.defer(&key, texts, size) {
            self.send(state, &mut texts, render);
        }
    }

    /// Sends the deferred events whose keys `selects` accepts.
    fn send_deferred(&self, state: &mut State, selects: impl FnMut(&Key) -> bool) {
        for mut texts in state.throttle.take_deferred(selects) {
            self.send(state, &mut texts, &|_, _| {});
        }
    }

    /// Appends the event to the output of every client that receives events of this name, and
    /// renders the texts that `texts` lacks.
    fn send(
        &self,
        state: &mut State,
        texts: &mut Texts,
        render: &dyn Fn(&mut Vec<u8>, &MessageFormat),
    ) {
        let definition = texts.definition;
        #[cfg(feature = "metrics")]
        self.count(definition.name, EventFate::Sent);
        state.clients.retain(|client| {
            let Some(outbox) = client.upgrade() else { return false };
            let text = texts.get(outbox.format(), render);
            if !text.is_empty() && outbox.session().receives(definition.name) {
                self.deliver(&outbox, definition, text);
            }
            true
        });
    }

    fn deliver(&self, outbox: &Outbox, definition: &'static Definition, text: &[u8]) {
        outbox.push_event(text);
        if let Some(log) = self.0.traffic.get() {
            log.event(outbox.session(), text, definition);
        }
    }

    /// Counts all further events.
    #[cfg(all(feature = "metrics", feature = "server"))]
    pub(crate) fn record_metrics(&self) {
        self.0.is_counted.store(true, Ordering::Relaxed);
    }

    #[cfg(feature = "metrics")]
    fn count(&self, event: &'static str, fate: EventFate) {
        if self.0.is_counted.load(Ordering::Relaxed) {
            count_event(event, fate);
        }
    }

    /// The number of bytes that each client has not accepted.
    #[cfg(all(feature = "metrics", feature = "server"))]
    pub(crate) fn pending_output(&self) -> Vec<usize> {
        let clients = &self.lock().clients;
        clients.iter().filter_map(Weak::upgrade).map(|outbox| outbox.pending()).collect()
    }

    /// Logs each event that a session receives.
    pub(crate) fn log_traffic(&self, log: Arc<TrafficLog>) {
        let _ = self.0.traffic.set(log);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic during the rendering of an event leaves the state consistent, so poison is
        // ignored.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Texts {
    fn new(definition: &'static Definition) -> Self {
        Self { definition, rendered: Vec::new() }
    }

    /// The text in `format`, rendered on first use.
    fn get(
        &mut self,
        format: &MessageFormat,
        render: &dyn Fn(&mut Vec<u8>, &MessageFormat),
    ) -> &[u8] {
        let found = self.rendered.iter().position(|(rendered, _)| rendered == format);
        let index = found.unwrap_or_else(|| {
            let mut text = Vec::new();
            render(&mut text, format);
            self.rendered.push((*format, text));
            self.rendered.len() - 1
        });
        self.rendered.get(index).map_or(&[], |(_, text)| text)
    }

    fn size(&self) -> usize {
        self.rendered.iter().map(|(_, text)| text.capacity()).sum()
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

/// Code under the lock only changes data in memory, and waits for nothing that takes time.
impl OobSafe for Events {}
