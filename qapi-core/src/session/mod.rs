//! The session of one client, as a state machine without I/O.
//!
//! The owner of a [`Session`] gives it the bytes from the client ([`Session::advance`]), runs the
//! calls that it returns, and sends its output ([`Session::take_output`]). A session never waits,
//! reads or writes, so that it runs under any event loop and under a fuzzer.

mod responder;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use crate::call::handler::Call;
pub use crate::call::session::{PeerCredentials, SessionContext};
pub use crate::protocol::outbox::OutputOverflow;

use crate::error::Result;
use crate::messages;
use crate::protocol::outbox::DEFAULT_OUTPUT_LIMIT;
use crate::service::Service;
use crate::wire::document::Document;
use crate::wire::error::JsonError;
use crate::wire::stream::{Decoded, Decoder};
use responder::{InFlight, Responder};

/// The number of requests that may wait while a call is in flight, if out-of-band execution is
/// enabled. The limit is QEMU's. A session at the limit reads no further request until it has
/// served one.
pub const QUEUE_LIMIT: usize = 8;

/// The number of unsent bytes above which a session reads no further requests, so that a client
/// that does not read cannot accumulate replies. The number is far above the output of a client
/// that pipelines requests, and far below the limit for events.
const OUTPUT_HIGH_WATER: usize = 1 << 20;

/// The options of a session.
///
/// ```
/// use qapi_core::session::SessionOptions;
///
/// let options = SessionOptions::default().pretty(true).output_limit(1 << 20);
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionOptions {
    /// The credentials of the client, where the transport reports them.
    pub peer: Option<PeerCredentials>,
    /// Whether messages are indented over several lines, for people.
    pub pretty: bool,
    /// The number of bytes that a client may leave unread before its session is closed.
    pub output_limit: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { peer: None, pretty: false, output_limit: DEFAULT_OUTPUT_LIMIT }
    }
}

impl SessionOptions {
    /// Sets the credentials of the client. A transport that does not report them passes `None`.
    #[must_use]
    pub fn peer(mut self, peer: Option<PeerCredentials>) -> Self {
        self.peer = peer;
        self
    }

    /// Sets whether messages are indented over several lines.
    #[must_use]
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.pretty = pretty;
        self
    }

    /// Sets the number of bytes that a client may leave unread before its session is closed.
    #[must_use]
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }
}

/// The session of one client.
#[derive(Debug)]
pub struct Session {
    responder: Responder,
    decoder: Decoder,
    /// Requests that wait for the call in flight, in their order.
    queue: VecDeque<Queued>,
    /// The request whose call is in flight.
    in_flight: Option<InFlight>,
}

/// A message that waits. Errors wait too, so that replies are in the order of the messages.
#[derive(Debug)]
enum Queued {
    Message(Document),
    Error(JsonError),
}

/// The reason for which [`Session::advance`] returned.
///
/// The enum is exhaustive on purpose: the owner of a session has to handle every reason.
#[derive(Debug)]
#[must_use]
pub enum Advance {
    /// The session has consumed all input, and needs more.
    NeedInput,
    /// Run this call and pass its result to [`Session::complete`]. Until then
    /// [`advance`](Session::advance) may be called for out-of-band requests.
    Call(Call),
    /// The session consumes no input until the call in flight is completed.
    Busy,
    /// The session consumes no input until the client has read its output.
    OutputFull,
    /// A shutdown was requested: the session consumes no further input.
    Ended,
}

impl Session {
    /// Opens a session of `service`. Its output begins with the greeting.
    pub fn new(service: Arc<Service>, options: &SessionOptions) -> Self {
        Self {
            responder: Responder::new(service, options),
            decoder: Decoder::new(),
            queue: VecDeque::new(),
            in_flight: None,
        }
    }

    /// The session as commands see it.
    pub fn context(&self) -> &SessionContext {
        &self.responder.context
    }

    /// A shared pointer to the [`context`](Self::context).
    pub fn shared_context(&self) -> Arc<SessionContext> {
        Arc::clone(&self.responder.context)
    }

    /// The command whose call is in flight, if any.
    pub fn in_flight_command(&self) -> Option<&str> {
        self.in_flight.as_ref().map(|call| call.command.as_str())
    }

    /// Whether a call is in flight or requests wait.
    pub fn is_busy(&self) -> bool {
        self.in_flight.is_some() || !self.queue.is_empty()
    }

    /// Adds file descriptors that arrived with the bytes of the next [`advance`](Self::advance). If
    /// no request is in flight or waits, earlier descriptors without a name are closed.
    pub fn receive_fds(&mut self, fds: Vec<OwnedFd>) {
        if !self.is_busy() {
            self.context().fds().close_unclaimed();
        }
        self.context().fds().receive(fds);
    }

    /// Consumes bytes from the front of `input` and serves the requests in them, until the caller
    /// has to act.
    pub fn advance(&mut self, input: &mut &[u8]) -> Advance {
        loop {
            if self.responder.service.shutdown().is_requested() {
                return Advance::Ended;
            }
            if self.responder.outbox.pending() > OUTPUT_HIGH_WATER {
                return Advance::OutputFull;
            }
            if self.in_flight.is_none()
                && let Some(queued) = self.queue.pop_front()
            {
                match self.serve_queued(&queued) {
                    Some(call) => return Advance::Call(call),
                    None => continue,
                }
            }
            let capacity = if self.context().is_oob() { QUEUE_LIMIT } else { 0 };
            if self.in_flight.is_some() && self.queue.len() >= capacity {
                return Advance::Busy;
            }
            match self.receive(input) {
                Received::Nothing => return Advance::NeedInput,
                Received::Served => {}
                Received::Call(call) => return Advance::Call(call),
            }
        }
    }

    /// Completes the call that [`advance`](Self::advance) returned. `result` is the return value as
    /// JSON text, or `None` if the call panicked.
    pub fn complete(&mut self, result: Option<Result<Vec<u8>>>) {
        if let Some(in_flight) = self.in_flight.take() {
            let result =
                result.unwrap_or_else(|| Err(messages::handler_panicked(&in_flight.command)));
            self.responder.finish(&in_flight, result);
        }
    }

    /// Moves the bytes to be sent next into `buffer`, which must be empty; `false` if there are
    /// none. Call [`sent`](Self::sent) when the client has accepted them.
    ///
    /// # Errors
    /// The client left more bytes unread than its limit allows; the session must be closed.
    pub fn take_output(&self, buffer: &mut Vec<u8>) -> Result<bool, OutputOverflow> {
        self.responder.outbox.take(buffer)
    }

    /// Checks the output limit, also while bytes are being sent.
    ///
    /// # Errors
    /// The client left more bytes unread than its limit allows; the session must be closed.
    pub fn check_output(&self) -> Result<(), OutputOverflow> {
        self.responder.outbox.check()
    }

    /// Records that the client has accepted `count` of the taken bytes.
    pub fn sent(&self, count: usize) {
        self.responder.outbox.sent(count);
    }

    /// Whether there are bytes that the client has not accepted, taken or not.
    pub fn has_output(&self) -> bool {
        self.responder.outbox.pending() > 0
    }

    /// Waits until there may be new output: a reply, or an event from any thread.
    pub async fn output_changed(&self) {
        poll_fn(|context| self.poll_output_changed(context)).await;
    }

    /// The poll function of [`output_changed`](Self::output_changed). One task at a time may wait.
    pub(crate) fn poll_output_changed(&self, context: &mut Context<'_>) -> Poll<()> {
        self.responder.outbox.poll_changed(context)
    }

    /// Reads the next message from `input`, and serves or queues it.
    fn receive(&mut self, input: &mut &[u8]) -> Received {
        let waits = self.in_flight.is_some();
        let document = match self.decoder.decode(input) {
            None => return Received::Nothing,
            Some(Decoded::Message(document)) => document,
            Some(Decoded::Error(error)) => {
                if waits {
                    self.queue.push_back(Queued::Error(error));
                } else {
                    self.responder.reject(&error);
                }
                return Received::Served;
            }
        };
        if waits && !self.responder.overtakes(document) {
            self.queue.push_back(Queued::Message(std::mem::take(document)));
            return Received::Served;
        }
        match self.responder.serve(document) {
            None => Received::Served,
            Some((in_flight, call)) => {
                self.in_flight = Some(in_flight);
                Received::Call(call)
            }
        }
    }

    fn serve_queued(&mut self, queued: &Queued) -> Option<Call> {
        match queued {
            Queued::Error(error) => {
                self.responder.reject(error);
                None
            }
            Queued::Message(document) => {
                let (in_flight, call) = self.responder.serve(document)?;
                self.in_flight = Some(in_flight);
                Some(call)
            }
        }
    }
}

enum Received {
    Nothing,
    Served,
    Call(Call),
}
