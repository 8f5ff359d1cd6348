//! Connections to servers.

mod process;
mod ssh;
mod stream;

use std::future::Future;
use std::time::Duration;

use qapi_core::client::{Client, ClientError};
use serde_json::Value;

use crate::address::{Address, FORMS};
use crate::status::{Failure, Result};
use process::ServerProcess;

/// The time limit of an exchange with a server, unless `--timeout` sets another.
const DEFAULT_LIMIT: Duration = Duration::from_secs(30);

/// The options of every subcommand that connects to a server.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServerOptions {
    #[arg(help = format!("The server: {FORMS}"))]
    pub(crate) address: Address,

    /// The server is QEMU's guest agent, which sends no greeting
    #[arg(long)]
    agent: bool,

    /// The time limit in seconds, with a fraction if needed; 0 means none. Without this option the
    /// limit of each exchange with the server is 30 seconds, and waiting for events or for the end
    /// of jobs has no limit
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

/// A time of zero seconds means that there is no limit.
pub(crate) fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

impl ServerOptions {
    /// The options for a QMP server whose address is not an argument of its own.
    pub(crate) fn new(address: Address, timeout: Option<Duration>) -> Self {
        Self { address, agent: false, timeout }
    }

    /// The time limit of one exchange: connecting, or a call.
    pub(crate) fn exchange_limit(&self) -> Option<Duration> {
        Some(self.timeout.unwrap_or(DEFAULT_LIMIT)).filter(|limit| !limit.is_zero())
    }

    /// The time limit of waiting for something that may take any time.
    pub(crate) fn waiting_limit(&self) -> Option<Duration> {
        self.timeout.filter(|limit| !limit.is_zero())
    }

    /// The failure of a call that takes longer than the limit.
    pub(crate) fn no_reply(&self) -> Failure {
        Failure::TimedOut(format!("{} does not reply within the time limit", self.address))
    }

    /// Connects to the server.
    ///
    /// # Errors
    /// [`Failure::Connection`], [`Failure::TimedOut`]
    pub(crate) async fn connect(&self) -> Result<Connection> {
        let address = &self.address;
        let connect = async {
            let (stream, process) = stream::open(address).await.map_err(|error| {
                Failure::Connection(format!("cannot connect to {address}: {error}"))
            })?;
            let client = if self.agent {
                Client::over_guest_agent(stream).await
            } else {
                Client::over(stream).await
            };
            match client {
                Ok(client) => {
                    Ok(Connection { client, address: address.clone(), _process: process })
                }
                Err(ClientError::Command(error)) => {
                    Err(Failure::Connection(format!("{address} refuses the connection: {error}")))
                }
                Err(error) => Err(Failure::Connection(format!("{address}: {error}"))),
            }
        };
        within(self.exchange_limit(), connect).await.unwrap_or_else(|| {
            let hint =
                if self.agent { "the agent may not run" } else { "it may serve another client" };
            Err(Failure::TimedOut(format!(
                "{address} sends no greeting within the time limit: {hint}"
            )))
        })
    }
}

/// The result of `future`; `None` if it takes longer than `limit`.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    future: impl Future<Output = T>,
) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}

/// Runs `future` on a runtime of this thread.
///
/// # Errors
/// Those of `future`, and [`Failure::Connection`] if the system cannot make a runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Connection(format!("cannot use the network: {error}")))?;
    let result = runtime.block_on(future);
    // A thread may still resolve a name of which the result is no longer needed.
    runtime.shutdown_background();
    result
}

/// A connection to a server.
pub(crate) struct Connection {
    /// Dropped before the process, which then reads the end of its input.
    pub(crate) client: Client,
    address: Address,
    _process: Option<ServerProcess>,
}

impl Connection {
    /// Executes `command` and returns its value.
    ///
    /// # Errors
    /// [`Failure::Command`], [`Failure::Connection`], [`Failure::TimedOut`]
    pub(crate) async fn call(
        &mut self,
        command: &str,
        arguments: Option<&serde_json::Map<String, Value>>,
    ) -> Result<Value> {
        let reply = match arguments {
            Some(arguments) => self.client.call_with(command, arguments).await,
            None => self.client.call(command).await,
        };
        reply.map_err(|error| self.failure(error))
    }

    /// The failure for an error of the client, which names the server.
    pub(crate) fn failure(&self, error: ClientError) -> Failure {
        let address = &self.address;
        match error {
            ClientError::Command(error) => Failure::Command(error.to_string()),
            error => Failure::Connection(format!("{address}: {error}")),
        }
    }
}
