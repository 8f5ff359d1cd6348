//! A client that connects again when its connection ends.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use super::error::{ClientError, Result};
use super::message::Event;
use super::{Client, QapiCommand};
use crate::schema::definition::Definition;

/// What a [`ReconnectingClient`] receives.
#[derive(Debug)]
#[non_exhaustive]
pub enum Received {
    /// An event.
    Event(Event),
    /// The server may have sent events that the client did not receive: the connection ended and is
    /// open again, or the queue was full. Query the state that the events are about.
    Missed,
}

type Connect = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Client>> + Send>> + Send + Sync;

/// A client that connects again when its connection ends, for programs that run longer than the
/// server.
///
/// The first use connects. A call is never repeated, as the server may have executed it: the call
/// during which the connection ends fails, and the next one connects.
///
/// ```no_run
/// use qapi_core::client::{Received, ReconnectingClient};
/// use std::time::Duration;
///
/// # async fn example() {
/// let mut client =
///     ReconnectingClient::unix("/run/demo.sock").timeout(Duration::from_secs(5));
/// loop {
///     match client.next_event().await {
///         Received::Event(event) => println!("{}", event.name()),
///         _ => println!("events may be missing: query the state again"),
///     }
/// }
/// # }
/// ```
#[must_use]
pub struct ReconnectingClient {
    connect: Box<Connect>,
    client: Option<Client>,
    timeout: Option<Duration>,
    delays: (Duration, Duration),
    schema: Vec<&'static Definition>,
    /// Whether a connection has been open.
    was_connected: bool,
    /// Whether events may be missing that [`next_event`](Self::next_event) has not reported.
    missed: bool,
    /// The part of [`Client::lost_events`] that has been reported.
    reported: u64,
    /// The time before the next attempt to connect; zero after an event.
    delay: Duration,
}

impl ReconnectingClient {
    /// A client of the unix socket at `path`.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::new(move || Client::connect_unix(path.clone()))
    }

    /// A client that connects by `connect`.
    pub fn new<F>(connect: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Client>> + Send + 'static,
    {
        Self {
            connect: Box::new(move || Box::pin(connect())),
            client: None,
            timeout: None,
            delays: (Duration::from_millis(100), Duration::from_secs(10)),
            schema: Vec::new(),
            was_connected: false,
            missed: false,
            reported: 0,
            delay: Duration::ZERO,
        }
    }

    /// Limits the time of each call and of each attempt to connect. There is no limit by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the time before the second attempt to connect, 100 ms by default, and the longest time
    /// between two attempts, 10 s by default. The time doubles with each attempt.
    pub fn delays(mut self, first: Duration, longest: Duration) -> Self {
        self.delays = (first, longest.max(first));
        self
    }

    /// Compares the schema of each server with these commands and events, as
    /// [`Client::check_schema`] does, before the first call.
    pub fn expect_schema(mut self, definitions: &[&'static Definition]) -> Self {
        self.schema.extend_from_slice(definitions);
        self
    }

    /// Executes a command. Connects first if there is no connection, without a second attempt.
    ///
    /// # Errors
    /// The errors of [`Client::execute`], and of connecting.
    pub async fn execute<C: QapiCommand>(&mut self, command: &C) -> Result<C::Return> {
        let result = self.client().await?.execute(command).await;
        self.checked(result)
    }

    /// The connected client. Connects first if there is no connection, without a second attempt.
    ///
    /// # Errors
    /// The connection cannot be made, or the server has another schema.
    pub async fn client(&mut self) -> Result<&mut Client> {
        if self.client.is_none() {
            let client = self.connected().await?;
            self.missed |= self.was_connected;
            self.was_connected = true;
            self.reported = 0;
            self.client = Some(client);
        }
        self.client.as_mut().ok_or(ClientError::Closed)
    }

    async fn connected(&self) -> Result<Client> {
        let connect = async {
            let mut client = (self.connect)().await?;
            client.set_timeout(self.timeout);
            if !self.schema.is_empty() {
                client.check_schema(&self.schema).await?;
            }
            Ok(client)
        };
        match self.timeout {
            Some(limit) => tokio::time::timeout(limit, connect)
                .await
                .unwrap_or_else(|_| Err(ClientError::TimedOut)),
            None => connect.await,
        }
    }

    /// The next event, or that events may be missing. Connects as often as is necessary.
    ///
    /// # Cancel safety
    /// A call that is dropped loses no event.
    pub async fn next_event(&mut self) -> Received {
        loop {
            if self.client.is_none() && !self.delay.is_zero() {
                tokio::time::sleep(self.delay).await;
            }
            if self.client().await.is_err() {
                self.increase_delay();
                continue;
            }
            if std::mem::take(&mut self.missed) {
                return Received::Missed;
            }
            let Some(client) = &mut self.client else { continue };
            let lost = client.lost_events();
            if lost > self.reported {
                self.reported = lost;
                return Received::Missed;
            }
            let event = client.next_event().await;
            match self.checked(event) {
                Ok(event) => {
                    self.delay = Duration::ZERO;
                    return Received::Event(event);
                }
                Err(_) => self.increase_delay(),
            }
        }
    }

    fn increase_delay(&mut self) {
        let (first, longest) = self.delays;
        self.delay = self.delay.saturating_mul(2).clamp(first, longest);
    }

    /// The result of a use of the client, which is dropped with its connection.
    fn checked<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(ClientError::Closed | ClientError::Io(_)) = &result {
            self.client = None;
        }
        result
    }
}

impl fmt::Debug for ReconnectingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconnectingClient").field("client", &self.client).finish_non_exhaustive()
    }
}
