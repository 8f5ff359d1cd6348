//! One connection to a server: messages over a stream of bytes.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

use super::error::{ClientError, Result};
use crate::wire::document::Document;
use crate::wire::stream::{Decoded, Decoder};

/// The maximum number of bytes in one read.
const READ_SIZE: usize = 16 << 10;

type Reader = Box<dyn AsyncRead + Unpin + Send>;
type Writer = Box<dyn AsyncWrite + Unpin + Send>;

/// A connection. Both directions are cancel safe: a future that is dropped loses no byte.
pub(super) struct Connection {
    reader: Reader,
    writer: Writer,
    decoder: Decoder,
    input: Vec<u8>,
    /// The number of bytes of `input` that the decoder has consumed.
    consumed: usize,
    /// The last message, until it is sent.
    output: Vec<u8>,
    /// The number of bytes of `output` that have been sent.
    sent: usize,
}

impl Connection {
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        let (reader, writer): (ReadHalf<_>, WriteHalf<_>) = tokio::io::split(stream);
        Self {
            reader: Box::new(reader),
            writer: Box::new(writer),
            decoder: Decoder::new(),
            input: Vec::new(),
            consumed: 0,
            output: Vec::new(),
            sent: 0,
        }
    }

    /// Sends `message`, after the rest of a message whose future was dropped.
    pub(super) async fn send(&mut self, message: Vec<u8>) -> Result<()> {
        self.flush().await?;
        self.output = message;
        self.flush().await
    }

    async fn flush(&mut self) -> Result<()> {
        while let Some(rest) = self.output.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.writer.write(rest).await? {
                0 => return Err(ClientError::Closed),
                sent => self.sent += sent,
            }
        }
        self.writer.flush().await?;
        self.output.clear();
        self.sent = 0;
        Ok(())
    }

    /// The next message of any kind.
    pub(super) async fn receive(&mut self) -> Result<Document> {
        loop {
            let mut rest = self.input.get(self.consumed..).unwrap_or_default();
            let decoded = self.decoder.decode(&mut rest);
            self.consumed = self.input.len() - rest.len();
            match decoded {
                Some(Decoded::Message(document)) => return Ok(std::mem::take(document)),
                Some(Decoded::Error(error)) => {
                    return Err(ClientError::Unexpected(error.to_string()));
                }
                None => {}
            }
            self.fill().await?;
        }
    }

    /// Discards the input up to and including the next byte `wanted`.
    pub(super) async fn skip_past(&mut self, wanted: u8) -> Result<()> {
        self.decoder = Decoder::new();
        loop {
            let rest = self.input.get(self.consumed..).unwrap_or_default();
            if let Some(index) = rest.iter().position(|byte| *byte == wanted) {
                self.consumed += index + 1;
                return Ok(());
            }
            self.fill().await?;
        }
    }

    /// Replaces the input, which is consumed, by the next bytes of the server.
    async fn fill(&mut self) -> Result<()> {
        self.input.clear();
        self.consumed = 0;
        self.input.reserve(READ_SIZE);
        match self.reader.read_buf(&mut self.input).await? {
            0 => Err(ClientError::Closed),
            _ => Ok(()),
        }
    }
}
