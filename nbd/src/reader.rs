//! The input of a connection.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Instant;

use crate::connection::Connection;
use crate::tls::{self, Channel, TlsOptions};

/// The size of the buffer in bytes. Longer reads go past it.
const BUFFER: usize = 8 << 10;

/// Reads from a connection through a buffer.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Arc<Connection>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// When reads and writes begin to fail.
    deadline: Option<Instant>,
}

impl Reader {
    pub(crate) fn new(connection: Arc<Connection>, deadline: Option<Instant>) -> Self {
        Reader { connection, buffer: vec![0; BUFFER].into(), start: 0, end: 0, deadline }
    }

    /// Lets reads and writes wait for ever.
    ///
    /// # Errors
    /// The socket refuses it.
    pub(crate) fn end_deadline(&mut self) -> io::Result<()> {
        self.deadline = None;
        self.connection.set_deadline(None)
    }

    /// Carries out a handshake of TLS, and encrypts the connection from then on. Bytes that were
    /// received already belong to the handshake.
    ///
    /// # Errors
    /// The connection has failed, the handshake fails, or the client may not connect.
    pub(crate) fn start_tls(&mut self, options: &TlsOptions) -> io::Result<()> {
        let mut session = options.begin()?;
        while session.is_handshaking() || self.start < self.end {
            if self.start == self.end {
                self.read(BUFFER, None)?;
            }
            let taken = tls::decrypt(&mut session, &self.buffer[self.start..self.end]);
            let mut output = Vec::new();
            tls::take_output(&mut session, &mut output)?;
            // After an error the output tells the client what is wrong.
            let sent = self.connection.write_all(&mut [IoSlice::new(&output)]);
            self.start += taken?;
            sent?;
        }
        if !options.permits(&session) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.connection.encrypt(Channel::new(session));
        Ok(())
    }

    /// The connection that is read.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the peer closes the connection.
    pub(crate) fn fill(&mut self, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.start == self.end && bytes.len() >= BUFFER {
                let read = self.read(bytes.len(), Some(bytes))?;
                bytes = &mut bytes[read..];
                continue;
            }
            if self.start == self.end {
                self.read(BUFFER, None)?;
            }
            let length = bytes.len().min(self.end - self.start);
            let (filled, rest) = bytes.split_at_mut(length);
            filled.copy_from_slice(&self.buffer[self.start..self.start + length]);
            self.start += length;
            bytes = rest;
        }
        Ok(())
    }

    /// Reads into `bytes`, or else into the empty buffer.
    fn read(&mut self, most: usize, bytes: Option<&mut [u8]>) -> io::Result<usize> {
        if let Some(deadline) = self.deadline {
            // Each read has the time that is left, so that a slow client gains nothing.
            if Instant::now() >= deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.connection.set_deadline(Some(deadline))?;
        }
        let own = bytes.is_none();
        let target = bytes.unwrap_or(&mut self.buffer);
        let most = most.min(target.len());
        let read = loop {
            match self.connection.read(&mut target[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => break done?,
            }
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if own {
            (self.start, self.end) = (0, read);
        }
        Ok(read)
    }

    /// Reads a number of bytes known at compile time.
    ///
    /// # Errors
    /// As [`Reader::fill`].
    pub(crate) fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads a number.
    ///
    /// # Errors
    /// As [`Reader::fill`].
    pub(crate) fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// Reads a number.
    ///
    /// # Errors
    /// As [`Reader::fill`].
    pub(crate) fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// Reads and drops bytes.
    ///
    /// # Errors
    /// As [`Reader::fill`].
    pub(crate) fn skip(&mut self, mut length: u64) -> io::Result<()> {
        let mut scratch = [0; 4096];
        while length > 0 {
            let part = length.min(scratch.len() as u64) as usize;
            self.fill(&mut scratch[..part])?;
            length -= part as u64;
        }
        Ok(())
    }
}
