//! The connection of the shell: a thread that sends commands, shows events and connects again.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use qapi_core::NamePattern;
use qapi_core::client::{ClientError, Event};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::connection::{Connection, ServerOptions, block_on, within};
use crate::job;
use crate::json::{self, Style};
use crate::printable::printable;
use crate::schema::Schema;
use crate::status::{Failure, Result};

/// The time before the second attempt to connect again, and the longest time between attempts.
const DELAYS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Shows text above the prompt.
pub(super) type Show = Box<dyn Fn(String) + Send>;

/// The end of the link in the thread of the prompt.
pub(super) struct Link {
    requests: Option<Sender<Request>>,
    pub(super) shared: Arc<Shared>,
    thread: Option<JoinHandle<Result>>,
}

/// What both threads use.
pub(super) struct Shared {
    schema: Mutex<Option<Arc<Schema>>>,
    pub(super) is_connected: AtomicBool,
    /// Whether the lines are actions of a transaction.
    is_in_transaction: AtomicBool,
    /// The names of the events to show.
    filter: Mutex<Vec<NamePattern>>,
    log: Mutex<Option<File>>,
}

/// Something to do with the connection.
enum Work {
    Call { command: String, arguments: Map<String, Value>, limit: Option<Duration> },
    Jobs,
}

struct Request {
    work: Work,
    reply: SyncSender<Result<Value>>,
}

impl Link {
    /// Connects to the server.
    ///
    /// # Errors
    /// Those of [`ServerOptions::connect`]
    pub(super) fn open(server: &ServerOptions, log: Option<File>, show: Show) -> Result<Self> {
        let shared = Arc::new(Shared {
            schema: Mutex::new(None),
            is_connected: AtomicBool::new(false),
            is_in_transaction: AtomicBool::new(false),
            filter: Mutex::new(vec!["*".into()]),
            log: Mutex::new(log),
        });
        let (requests, receiver) = channel(1);
        let (opened, is_open) = sync_channel(1);
        let worker = Worker { server: server.clone(), shared: Arc::clone(&shared), show };
        let thread = std::thread::spawn(move || block_on(worker.run(receiver, opened)));
        let mut link = Self { requests: Some(requests), shared, thread: Some(thread) };
        match is_open.recv() {
            Ok(()) => Ok(link),
            // The thread has ended with the error.
            Err(_) => match link.thread.take().map(JoinHandle::join) {
                Some(Ok(Err(failure))) => Err(failure),
                _ => Err(stopped()),
            },
        }
    }

    /// Executes a command. An interrupt from the terminal ends the wait for the reply.
    ///
    /// # Errors
    /// Those of [`Connection::call`]
    pub(super) fn call(
        &self,
        command: &str,
        arguments: Map<String, Value>,
        limit: Option<Duration>,
    ) -> Result<Value> {
        self.request(Work::Call { command: command.to_owned(), arguments, limit })
    }

    /// Shows the progress of all jobs until they have ended, or until an interrupt.
    ///
    /// # Errors
    /// Those of [`Connection::call`]
    pub(super) fn jobs(&self) -> Result<Value> {
        self.request(Work::Jobs)
    }

    fn request(&self, work: Work) -> Result<Value> {
        let (reply, answer) = sync_channel(1);
        let requests = self.requests.as_ref().ok_or_else(stopped)?;
        requests.blocking_send(Request { work, reply }).map_err(|_| stopped())?;
        answer.recv().map_err(|_| stopped())?
    }
}

impl Drop for Link {
    /// Closes the connection, and ends a server that the address names as a command.
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn stopped() -> Failure {
    Failure::Connection("the connection's thread has ended".to_owned())
}

impl Shared {
    /// The schema of the server, if it has one.
    pub(super) fn schema(&self) -> Option<Arc<Schema>> {
        lock(&self.schema).clone()
    }

    /// Whether the lines are actions of a transaction.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.is_in_transaction.load(Ordering::Relaxed)
    }

    pub(super) fn set_in_transaction(&self, is_in_transaction: bool) {
        self.is_in_transaction.store(is_in_transaction, Ordering::Relaxed);
    }

    /// Shows only events whose names match one of `patterns`.
    pub(super) fn set_filter(&self, patterns: Vec<NamePattern>) {
        *lock(&self.filter) = patterns;
    }

    fn shows(&self, event: &Event) -> bool {
        lock(&self.filter).iter().any(|pattern| pattern.matches(event.name()))
    }

    /// Writes a message to the log: `->` to the server, `<-` from the server.
    fn log(&self, direction: &str, message: &Value) {
        let mut log = lock(&self.log);
        if let Some(file) = log.as_mut()
            && writeln!(file, "{direction} {message}").is_err()
        {
            // A full disk must not end the session.
            *log = None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of the link in its own thread.
struct Worker {
    server: ServerOptions,
    shared: Arc<Shared>,
    show: Show,
}

impl Worker {
    async fn run(self, mut requests: Receiver<Request>, opened: SyncSender<()>) -> Result {
        let mut connection = self.connect().await?;
        // Dropped without a value, this tells of a failure.
        let _ = opened.send(());
        drop(opened);
        while let Some(failure) = self.serve(&mut connection, &mut requests).await {
            self.shared.is_connected.store(false, Ordering::Relaxed);
            (self.show)(format!("{failure}; connecting again"));
            match self.reconnect(&mut requests).await {
                Some(next) => connection = next,
                None => break,
            }
            (self.show)("connected again; events may be missing".to_owned());
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Connection> {
        let mut connection = self.server.connect().await?;
        let schema = within(self.server.exchange_limit(), Schema::query(&mut connection)).await;
        let schema = schema.unwrap_or_else(|| Err(self.server.no_reply()))?;
        *lock(&self.shared.schema) = schema.map(Arc::new);
        self.shared.is_connected.store(true, Ordering::Relaxed);
        Ok(connection)
    }

    /// Connects again; `None` if the shell ends. Requests fail meanwhile.
    async fn reconnect(&self, requests: &mut Receiver<Request>) -> Option<Connection> {
        let mut delay = DELAYS.0;
        loop {
            tokio::select! {
                request = requests.recv() => {
                    let failure = Failure::Connection("there is no connection now".to_owned());
                    let _ = request?.reply.send(Err(failure));
                }
                () = tokio::time::sleep(delay) => {
                    if let Ok(connection) = self.connect().await {
                        return Some(connection);
                    }
                    delay = (delay * 2).min(DELAYS.1);
                }
            }
        }
    }

    /// Carries out requests and shows events until the connection fails; `None` if the shell ends.
    async fn serve(
        &self,
        connection: &mut Connection,
        requests: &mut Receiver<Request>,
    ) -> Option<Failure> {
        loop {
            tokio::select! {
                event = connection.client.next_event() => match event {
                    Ok(event) => self.event(&event),
                    Err(error @ ClientError::Unexpected(_)) => (self.show)(error.to_string()),
                    Err(error) => return Some(connection.failure(error)),
                },
                request = requests.recv() => {
                    let Request { work, reply } = request?;
                    let result = self.work(connection, work).await;
                    // Events that came before the reply are shown before it.
                    let show = |event: &Event| {
                        self.event(event);
                        Some(())
                    };
                    while connection.client.take_queued(show).is_some() {}
                    let _ = reply.send(result);
                }
            }
        }
    }

    fn event(&self, event: &Event) {
        let message = event.to_json();
        self.shared.log("<-", &message);
        if self.shared.shows(event) {
            let data = message.get("data").map(|data| json::text(data, Style::Line));
            let data = data.and_then(std::result::Result::ok).unwrap_or_default();
            let data = String::from_utf8_lossy(&data);
            (self.show)(format!("* {} {}", printable(event.name()), printable(&data)));
        }
    }

    /// Waits for an interrupt from the terminal. Without a terminal the interrupt ends the program.
    async fn interrupt(&self) {
        if !std::io::stdin().is_terminal() || tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }

    async fn work(&self, connection: &mut Connection, work: Work) -> Result<Value> {
        let interrupted = || Failure::TimedOut("interrupted".to_owned());
        match work {
            Work::Call { command, arguments, limit } => {
                self.shared.log("->", &json!({ "execute": command, "arguments": arguments }));
                let arguments = (!arguments.is_empty()).then_some(&arguments);
                let limit = limit.or(self.server.exchange_limit());
                let result = tokio::select! {
                    reply = within(limit, connection.call(&command, arguments)) => {
                        reply.unwrap_or_else(|| Err(self.server.no_reply()))
                    }
                    () = self.interrupt() => Err(interrupted()),
                };
                self.shared.log(
                    "<-",
                    &match &result {
                        Ok(value) => json!({ "return": value }),
                        Err(failure) => json!({ "error": failure.to_string() }),
                    },
                );
                result
            }
            Work::Jobs => tokio::select! {
                ends = job::show(connection) => ends,
                () = self.interrupt() => Err(interrupted()),
            },
        }
    }
}
