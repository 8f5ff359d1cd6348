//! The commands and events of these tests, and a server that has them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use qapi_core::call::Cancellation;
use qapi_core::commands::event_selection;
use qapi_core::prelude::*;
use qapi_core::registry::registered;
use qapi_core::{Registry, Server};
use tokio::sync::Notify;

use crate::server::fixture::Running;

/// What the functions did.
#[derive(Default)]
pub(super) struct Record {
    /// Notified when a function begins to wait.
    pub(super) began: Notify,
    /// Notified when a function ends, also if it is dropped.
    pub(super) ended: Notify,
    /// Lets `ops-block` return.
    pub(super) release: AtomicBool,
    /// How often `ops-block` saw its cancellation.
    pub(super) seen: AtomicU64,
}

struct Ended<'a>(&'a Record);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.ended.notify_one();
    }
}

/// Returns nothing.
#[qapi_command]
fn ops_nop() {
    tracing::info!("inside a plain function");
}

/// Fails.
#[qapi_command(features(unstable))]
fn ops_fail() -> qapi_core::Result<()> {
    Err(qapi_core::Error::with_class(qapi_core::ErrorClass::DeviceNotFound, "No such device"))
}

/// Panics.
#[qapi_command]
fn ops_panic() {
    panic!("as asked");
}

/// Occupies the server's thread.
#[qapi_command]
fn ops_occupy(#[qapi(unit = "ms")] time: Duration) {
    std::thread::sleep(time);
}

/// Waits for ever.
#[qapi_command]
async fn ops_wait(#[qapi(state)] record: &Record) {
    let _ended = Ended(record);
    record.began.notify_one();
    std::future::pending::<()>().await;
}

/// Waits for ever, up to its deadline.
#[qapi_command(deadline = "20ms")]
async fn ops_wait_briefly(#[qapi(state)] record: &Record) {
    let _ended = Ended(record);
    std::future::pending::<()>().await;
}

/// Waits until it is released, whatever the server's deadline is.
#[qapi_command(deadline = "none")]
async fn ops_wait_patiently(#[qapi(state)] record: &Record) {
    record.began.notify_one();
    while !record.release.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for ever, or until its client disconnects.
#[qapi_command(cancel_on_disconnect)]
async fn ops_wait_with_client(#[qapi(state)] record: &Record) {
    let _ended = Ended(record);
    record.began.notify_one();
    std::future::pending::<()>().await;
}

/// Waits until its client disconnects, and then ends itself.
#[qapi_command]
async fn ops_watch_client(
    #[qapi(state)] record: &Record,
    #[qapi(session)] session: &SessionContext,
) {
    record.began.notify_one();
    session.closed().await;
    record.ended.notify_one();
}

/// Blocks until it is released, and asks its token meanwhile.
#[qapi_command(blocking, deadline = "20ms")]
fn ops_block(
    #[qapi(state)] record: &Record,
    #[qapi(cancellation)] cancellation: &Cancellation,
) -> qapi_core::Result<()> {
    let _ended = Ended(record);
    tracing::info!("inside a blocking function");
    while !record.release.load(Ordering::Relaxed) {
        if cancellation.is_cancelled() {
            record.seen.fetch_add(1, Ordering::Relaxed);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    cancellation.check()
}

/// Logs a line after a wait.
#[qapi_command]
async fn ops_log_later() {
    tokio::task::yield_now().await;
    tracing::info!("inside an asynchronous function");
}

/// How a client logs in.
#[qapi_struct]
pub(super) struct Credentials {
    /// The name.
    user: String,
    /// The password.
    #[qapi(secret)]
    password: String,
}

/// Returns what it was given.
#[qapi_command]
fn ops_login(
    credentials: Credentials,
    #[qapi(secret)] token: Option<&str>,
    attempts: Vec<Credentials>,
    #[qapi(state)] events: &Events,
) -> Credentials {
    let _ = (token, attempts);
    events.emit(&OpsLoggedIn { user: "eve".to_owned(), token: "event-secret".to_owned() });
    credentials
}

/// Emitted after a login.
#[qapi_event]
pub(super) struct OpsLoggedIn {
    /// The name.
    pub(super) user: String,
    /// The token of the login.
    #[qapi(secret)]
    pub(super) token: String,
}

/// The progress of a task.
#[qapi_event(rate_limit = "10s", key = "id", exempt = OpsProgress::is_last)]
pub(super) struct OpsProgress {
    /// The task.
    pub(super) id: String,
    /// Percent of the task.
    pub(super) percent: i64,
}

impl OpsProgress {
    fn is_last(&self) -> bool {
        self.percent == 100
    }
}

/// The number of commands that a client has executed.
#[derive(Default)]
pub(super) struct Executed(pub(super) AtomicU64);

/// Counts the calls of one client.
#[qapi_command(returns_exception)]
fn ops_count(#[qapi(session)] session: &SessionContext) -> u64 {
    session.data::<Executed>().0.fetch_add(1, Ordering::Relaxed) + 1
}

/// Sends an event to the caller alone.
#[qapi_command]
fn ops_call_me(#[qapi(session)] session: &SessionContext, #[qapi(state)] events: &Events) {
    let (id, percent) = ("mine".to_owned(), 1);
    events.emit_to(session, &OpsProgress { id, percent });
}

pub(super) fn registry() -> Registry {
    let wanted = registered().filter(|registration| {
        let source = registration.definition().source;
        source.package == "qapi-core" || source.module.starts_with("main::operations")
    });
    Registry::from_registrations(wanted.chain(event_selection::registrations())).unwrap()
}

/// A server with these commands, and the record of their functions.
pub(super) fn start(configure: impl FnOnce(Server) -> Server) -> (Running, Arc<Record>) {
    let record = Arc::new(Record::default());
    let server = Running::start_with(|server| {
        configure(server.registry(registry()).shared_state(Arc::clone(&record)))
    });
    (server, record)
}
