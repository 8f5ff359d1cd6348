//! The connection to QEMU's guest agent.

use std::hash::{BuildHasher, Hasher, RandomState};

use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use super::error::{ClientError, Result};
use super::message::{Message, Request};
use super::{Client, to_vec};

/// The byte that resets the parser of the agent, and that precedes the reply. It never occurs in
/// UTF-8.
const SENTINEL: u8 = 0xff;

impl Client {
    /// Synchronises with QEMU's guest agent over a stream that is already connected.
    ///
    /// An agent sends no greeting and has no negotiation. Its channel may still contain requests
    /// and replies of an earlier client, which `guest-sync-delimited` discards.
    /// [`greeting`](Self::greeting) is `null`, and the agent sends no events.
    ///
    /// An agent that does not run leaves the channel silent: limit the time of this call.
    ///
    /// # Errors
    /// The agent refuses `guest-sync-delimited`, or the connection fails.
    pub async fn over_guest_agent(
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
    ) -> Result<Self> {
        let mut client = Self::new(Connection::new(stream));
        // Positive and exact in every implementation of JSON.
        let id = i64::from(RandomState::new().build_hasher().finish() as u32);
        let arguments = serde_json::json!({ "id": id });
        let request =
            Request { command: "guest-sync-delimited", arguments: Some(&arguments), id };
        let mut output = vec![SENTINEL];
        output.extend(to_vec(&request).map_err(|error| ClientError::Io(error.into()))?);
        client.connection.send(output).await?;
        loop {
            client.connection.skip_past(SENTINEL).await?;
            // The reply to an earlier client has another id.
            if let Message::Reply(reply) = Message::new(client.connection.receive().await?)?
                && reply.read::<i64>()? == id
            {
                return Ok(client);
            }
        }
    }
}
