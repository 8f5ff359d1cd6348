//! TLS: the records between the socket and the protocol.

use std::fmt;
use std::io::{self, IoSlice, Read};
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::pki_types::CertificateDer;
use rustls::{ServerConfig, ServerConnection};

use crate::socket::Socket;

/// The bytes that are encrypted and sent at once.
const OUTPUT: usize = 32 << 10;
/// The bytes that are received at once.
const INPUT: usize = 16 << 10;

/// Decides by the certificates of a client, its own first, whether the client may connect.
type Authorize = dyn Fn(&[CertificateDer<'_>]) -> bool + Send + Sync;

/// TLS for the clients of a server. Clients without TLS are refused.
#[derive(Clone)]
pub struct TlsOptions {
    config: Arc<ServerConfig>,
    authorize: Option<Arc<Authorize>>,
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions").finish_non_exhaustive()
    }
}

impl TlsOptions {
    /// Lets all clients connect that the configuration accepts.
    pub fn new(config: Arc<ServerConfig>) -> Self {
        TlsOptions { config, authorize: None }
    }

    /// Lets only those clients connect for whose certificates `authorize` returns true. The first
    /// certificate is the client's own; there is none if the configuration does not ask for it.
    /// `authorize` is called on the thread of the client, once for each connection.
    pub fn authorize(
        mut self,
        authorize: impl Fn(&[CertificateDer<'_>]) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.authorize = Some(Arc::new(authorize));
        self
    }

    /// Begins a session.
    ///
    /// # Errors
    /// The configuration is unsuitable.
    pub(crate) fn begin(&self) -> io::Result<ServerConnection> {
        let mut session = ServerConnection::new(Arc::clone(&self.config)).map_err(failed)?;
        session.set_buffer_limit(Some(OUTPUT));
        Ok(session)
    }

    /// Whether the client of a session may connect.
    pub(crate) fn permits(&self, session: &ServerConnection) -> bool {
        let certificates = session.peer_certificates().unwrap_or_default();
        self.authorize.as_ref().is_none_or(|authorize| authorize(certificates))
    }
}

/// A session after its handshake.
///
/// One thread reads while others write. No lock of the session is held while the socket waits, so
/// that a client that does not read its replies does not delay the input.
pub(crate) struct Channel {
    session: Mutex<ServerConnection>,
    input: Mutex<Input>,
    /// The records of one write, and the lock that keeps the order of records.
    output: Mutex<Vec<u8>>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").finish_non_exhaustive()
    }
}

/// Bytes that have been received and not yet decrypted.
struct Input {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Channel {
    pub(crate) fn new(session: ServerConnection) -> Self {
        Channel {
            session: Mutex::new(session),
            input: Mutex::new(Input { bytes: vec![0; INPUT].into(), start: 0, end: 0 }),
            output: Mutex::default(),
        }
    }

    /// Reads at least one byte, or none at the end of the input.
    pub(crate) fn read(&self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        let mut input = self.input.lock();
        loop {
            let mut session = self.session.lock();
            match session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            if input.start < input.end {
                // All decrypted bytes have been read, so there is room for the next record.
                let Input { bytes, start, end } = &mut *input;
                *start += decrypt(&mut session, &bytes[*start..*end])?;
                continue;
            }
            drop(session);
            let received = socket.read(&mut input.bytes)?;
            if received == 0 {
                return Ok(0);
            }
            (input.start, input.end) = (0, received);
        }
    }

    /// Writes all bytes of the slices.
    pub(crate) fn write_all(
        &self,
        socket: &Socket,
        mut slices: &mut [IoSlice<'_>],
    ) -> io::Result<()> {
        let mut output = self.output.lock();
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            output.clear();
            let mut session = self.session.lock();
            let written = io::Write::write_vectored(&mut session.writer(), slices)?;
            take_output(&mut session, &mut output)?;
            drop(session);
            IoSlice::advance_slices(&mut slices, written);
            socket.write_all(&mut [IoSlice::new(&output)])?;
        }
        Ok(())
    }
}

/// Gives received bytes to a session. Returns how many it has taken.
///
/// # Errors
/// The peer violates the protocol, or its certificate is refused.
pub(crate) fn decrypt(session: &mut ServerConnection, bytes: &[u8]) -> io::Result<usize> {
    let taken = session.read_tls(&mut &*bytes)?;
    session.process_new_packets().map_err(failed)?;
    Ok(taken)
}

/// Moves the records of a session that are to be sent to `output`.
pub(crate) fn take_output(
    session: &mut ServerConnection,
    output: &mut Vec<u8>,
) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(output)?;
    }
    Ok(())
}

fn failed(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
