//! The transmission: requests of a client, and replies to them.
//!
//! The threads of a connection take turns: one of them reads a request, lets the next one read,
//! carries the request out, and sends the reply. So requests run side by side, replies are sent in
//! the order in which the requests end, and a client with one request in flight costs no queue.
//!
//! Source: the NBD project's `doc/proto.md`, section "Transmission phase".

mod check;
mod read;
mod reply;
mod request;
mod session;
mod status;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Scope};

use parking_lot::{Mutex, MutexGuard};

use crate::connection::Connection;
use crate::disk::ZeroOptions;
use crate::handshake::Negotiated;
use crate::memory::{Buffer, Lease, PIECE, PIECE_MAX};
use crate::protocol::{command, command_flag};
use crate::reader::Reader;
use crate::shared::Shared;
use reply::Writer;
use request::{Refusal, Request};
use session::{Input, Session};
use status::read_payload;

/// The largest number of requests of one client that run side by side, as in QEMU.
const REQUESTS_MAX: usize = 16;

/// Serves the requests of a client until it leaves.
///
/// # Errors
/// The connection has failed, or the client violates the protocol.
pub(crate) fn serve(reader: Reader, shared: &Shared, negotiated: Negotiated) -> io::Result<()> {
    let Negotiated { export, size, replies, contexts } = negotiated;
    let connection = Arc::clone(reader.connection());
    let session = Session {
        shared,
        writer: Writer::new(Arc::clone(&connection), replies),
        connection,
        export,
        size,
        form: replies,
        contexts,
        input: Mutex::new(Input { reader, end: None }),
        waiting: AtomicUsize::new(0),
        workers: AtomicUsize::new(1),
    };
    thread::scope(|scope| session.work(scope, None));
    let end = session.input.into_inner().end;
    end.unwrap_or(Ok(()))
}

/// Ends the connection if a thread panics, so that the other threads end too.
struct PanicGuard<'a>(&'a Connection);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.shut_down();
        }
    }
}

impl Session<'_> {
    /// Serves requests until there are no more. `_lease` is the memory of the thread.
    fn work<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, _lease: Option<Lease>) {
        let _guard = PanicGuard(&self.connection);
        let mut buffer = Buffer::new(Arc::clone(&self.shared.budget));
        loop {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let mut input = self.input.lock();
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            if input.end.is_some() {
                return;
            }
            let request = match Request::read(&mut input.reader, self.form) {
                Ok(Some(request)) => request,
                Ok(None) => {
                    input.end = Some(Ok(()));
                    return;
                }
                Err(error) => {
                    input.end = Some(Err(error));
                    return;
                }
            };
            self.add_worker(scope);
            if let Err(error) = self.serve_request(request, input, &mut buffer) {
                self.connection.shut_down();
                self.input.lock().end.get_or_insert(Err(error));
                return;
            }
            buffer.trim();
        }
    }

    /// Starts a thread to read the next request, if there is none.
    fn add_worker<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let is_needed = self.waiting.load(Ordering::Relaxed) == 0;
        if !is_needed || self.workers.load(Ordering::Relaxed) >= REQUESTS_MAX {
            return;
        }
        let Some(lease) = self.shared.budget.lease(PIECE) else { return };
        let thread = thread::Builder::new().name("nbd-client".into());
        let thread = thread.stack_size(self.shared.options.stack_size);
        match thread.spawn_scoped(scope, move || self.work(scope, Some(lease))) {
            Ok(_handle) => {
                self.workers.fetch_add(1, Ordering::Relaxed);
            }
            // The present threads serve all requests.
            Err(error) => tracing::debug!(%error, "a thread for NBD cannot be started"),
        }
    }

    /// Carries out a request and sends the reply. The input is free for the next request as soon as
    /// the payload is read.
    ///
    /// # Errors
    /// The connection has failed, or cannot be used any more.
    fn serve_request(
        &self,
        request: Request,
        mut input: MutexGuard<'_, Input>,
        buffer: &mut Buffer,
    ) -> io::Result<()> {
        if let Err(refusal) = self.check(&request) {
            return self.refuse(&request, &refusal, input);
        }
        let disk = self.disk();
        let done = match request.command {
            command::READ => {
                drop(input);
                return self.read(&request, buffer);
            }
            command::BLOCK_STATUS => {
                let payload = match request.payload() {
                    0 => None,
                    length => Some(read_payload(&mut input.reader, length)?),
                };
                drop(input);
                return self.block_status(&request, payload.as_deref());
            }
            command::WRITE => self.write(&request, input, buffer)?,
            command::FLUSH => {
                drop(input);
                disk.flush().map_err(|error| Refusal::io(&error, "flush failed"))
            }
            command::TRIM => {
                drop(input);
                let done = disk.discard(request.offset, request.length);
                self.flush_if_asked(&request, done, "discard failed")
            }
            command::WRITE_ZEROES => {
                drop(input);
                let options = ZeroOptions {
                    no_unmap: request.has(command_flag::NO_HOLE),
                    fast_only: request.has(command_flag::FAST_ZERO),
                };
                let done = disk.write_zeroes(request.offset, request.length, options);
                self.flush_if_asked(&request, done, "writing to file failed")
            }
            // The host caches by itself what is read.
            _cache => {
                drop(input);
                Ok(())
            }
        };
        match done {
            Ok(()) => self.writer.done(&request),
            Err(refusal) => self.writer.refuse(&request, &refusal),
        }
    }

    /// Answers a request that is not carried out, after its payload has been dropped.
    fn refuse(
        &self,
        request: &Request,
        refusal: &Refusal,
        mut input: MutexGuard<'_, Input>,
    ) -> io::Result<()> {
        let payload = request.payload();
        if payload > u64::from(crate::protocol::PAYLOAD_MAX) {
            self.writer.refuse(request, refusal)?;
            return Err(crate::handshake::violation("too large a payload"));
        }
        input.reader.skip(payload)?;
        drop(input);
        self.writer.refuse(request, refusal)
    }

    /// Reads the data of a write, and writes them.
    fn write(
        &self,
        request: &Request,
        input: MutexGuard<'_, Input>,
        buffer: &mut Buffer,
    ) -> io::Result<Result<(), Refusal>> {
        let end = request.offset + request.length;
        let (mut input, mut offset, mut done) = (Some(input), request.offset, Ok(()));
        while offset < end {
            let piece = buffer.up_to((end - offset).min(PIECE_MAX as u64) as usize);
            if let Some(input) = &mut input {
                input.reader.fill(piece)?;
            }
            let at = offset;
            offset += piece.len() as u64;
            if offset == end {
                // The next request follows.
                input = None;
            }
            // The rest of the payload is read after an error too.
            if done.is_ok() {
                done = self.disk().write(at, piece);
            }
        }
        Ok(self.flush_if_asked(request, done, "writing to file failed"))
    }

    /// Flushes the disk after a successful request with the flag `FUA`.
    fn flush_if_asked(
        &self,
        request: &Request,
        done: io::Result<()>,
        text: &str,
    ) -> Result<(), Refusal> {
        let flush = || if request.has(command_flag::FUA) { self.disk().flush() } else { Ok(()) };
        done.and_then(|()| flush()).map_err(|error| Refusal::io(&error, text))
    }
}
