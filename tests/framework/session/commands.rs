//! The commands and events of the sessions in these tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};

use qapi_core::prelude::*;
use qapi_core::{Events, OobSafe, SessionContext};

/// State that counts calls and blocks some.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    entered: AtomicU64,
    opened: tokio::sync::Notify,
    blocked: Mutex<Blocked>,
    changed: Condvar,
}

/// The functions that block at the gate.
#[derive(Debug, Default)]
struct Blocked {
    now: usize,
    most: usize,
    released: bool,
}

impl Gate {
    /// Opens the gate for one waiter, now or later.
    pub(crate) fn open(&self) {
        self.opened.notify_one();
    }

    /// Waits until so many functions block, then releases these and all later ones.
    pub(crate) fn release(&self, count: usize) {
        let blocked = self.blocked.lock().unwrap();
        let mut blocked = self.changed.wait_while(blocked, |one| one.now < count).unwrap();
        blocked.released = true;
        self.changed.notify_all();
    }

    /// The largest number of functions that blocked at a time.
    pub(crate) fn most_blocked(&self) -> usize {
        self.blocked.lock().unwrap().most
    }
}

impl OobSafe for Gate {}

/// Emitted when the gate was passed.
#[qapi_event]
pub(crate) struct TestGatePassed {
    /// The number of passes so far.
    pub(crate) times: u64,
}

/// Emitted without data.
#[qapi_event]
pub(crate) struct TestGateClosed;

/// Passes the gate, and emits an event.
#[qapi_command(returns_exception)]
fn test_pass(#[qapi(state)] gate: &Gate, #[qapi(state)] events: &Events) -> u64 {
    let times = gate.entered.fetch_add(1, Ordering::Relaxed) + 1;
    events.emit(&TestGatePassed { times });
    times
}

/// Returns its argument.
#[qapi_command(returns_exception)]
fn test_echo(text: &str) -> String {
    text.to_owned()
}

/// Returns its argument, asynchronously.
#[qapi_command(returns_exception)]
async fn test_echo_later(text: &str) -> String {
    tokio::task::yield_now().await;
    text.to_owned()
}

/// Returns its argument from another thread.
#[qapi_command(blocking, returns_exception)]
fn test_echo_elsewhere(text: &str) -> String {
    text.to_owned()
}

/// Waits until the gate is opened.
#[qapi_command]
async fn test_wait(#[qapi(state)] gate: &Gate) {
    gate.opened.notified().await;
}

/// Opens the gate for one waiter, now or later.
#[qapi_command]
fn test_open(#[qapi(state)] gate: &Gate) {
    gate.open();
}

/// Blocks until it is released.
#[qapi_command(blocking)]
fn test_block(#[qapi(state)] gate: &Gate) {
    let mut blocked = gate.blocked.lock().unwrap();
    blocked.now += 1;
    blocked.most = blocked.most.max(blocked.now);
    gate.changed.notify_all();
    let mut blocked = gate.changed.wait_while(blocked, |one| !one.released).unwrap();
    blocked.now -= 1;
}

/// Returns the number of passes, out of band.
#[qapi_command(allow_oob, returns_exception)]
fn test_count_now(#[qapi(state)] gate: &Gate) -> u64 {
    gate.entered.load(Ordering::Relaxed)
}

/// Panics.
#[qapi_command]
fn test_panic() {
    panic!("as asked");
}

/// Panics, asynchronously.
#[qapi_command]
async fn test_panic_later() {
    tokio::task::yield_now().await;
    panic!("as asked");
}

/// Has no reply on success.
#[qapi_command(success_response = false)]
fn test_silent(fail: bool) -> qapi_core::Result<()> {
    if fail { Err("as asked".into()) } else { Ok(()) }
}

/// Returns the identifier of the session.
#[qapi_command(returns_exception)]
fn test_who(#[qapi(session)] session: &SessionContext) -> u64 {
    session.id()
}
