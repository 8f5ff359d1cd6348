//! The session of one client, as a state machine without I/O.
//!
//! The owner of a [`Session`] gives it the bytes from the client ([`Session::advance`]), runs the
//! calls that it returns, and sends its output ([`Session::take_output`]). A session never waits,
//! reads or writes, so that it runs under any event loop and under a fuzzer.

mod in_flight;
mod observed;
mod options;
mod responder;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

pub use crate::call::handler::Call;
pub use crate::call::peer::{Peer, PeerCredentials};
pub use crate::call::session::SessionContext;
pub use crate::memory_budget::MemoryBudget;
pub use crate::protocol::outbox::CloseReason;
pub use in_flight::CallControl;
pub use options::SessionOptions;

use crate::error::Result;
use crate::memory_budget::Charge;
use crate::messages;
use crate::service::{PolicyHandle, Service};
use crate::wire::document::Document;
use crate::wire::error::JsonError;
use crate::wire::stream::{Decoded, Decoder};
use in_flight::InFlight;
use responder::{COMMON_SIZE, Responder};

/// The number of requests that may wait while a call is in flight, if out-of-band execution is
/// enabled. The limit is QEMU's. A session at the limit reads no further request until it has
/// served one.
pub const QUEUE_LIMIT: usize = 8;

/// The number of unsent bytes above which a session reads no further requests, so that a client
/// that does not read cannot accumulate replies. The number is far above the output of a client
/// that pipelines requests, and far below the limit for events.
const OUTPUT_HIGH_WATER: usize = 1 << 20;

/// The most bytes that a decoder allocates for common messages. A larger decoder is charged to the
/// memory budget.
const DECODER_SIZE: usize = 256 << 10;

/// The session of one client.
#[derive(Debug)]
pub struct Session {
    responder: Responder,
    decoder: Decoder,
    /// The memory of the decoder, if it is more than common messages need.
    input_charge: Charge,
    /// The part of the charge that is for the incomplete message itself.
    document_charge: usize,
    queue_charge: Charge,
    /// Requests that wait for the call in flight, in their order.
    queue: VecDeque<Queued>,
    /// The request whose call is in flight.
    in_flight: Option<InFlight>,
}

/// A message that waits, with the time of its arrival if hooks measure it. Errors wait too, so that
/// replies are in the order of the messages.
#[derive(Debug)]
enum Queued {
    Message(Document, Option<Instant>),
    Error(JsonError),
}

impl Queued {
    /// The number of bytes that the message has allocated.
    fn allocated(&self) -> usize {
        match self {
            Self::Message(document, _) => document.allocated(),
            Self::Error(error) => error.allocated(),
        }
    }
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
    /// The session consumes no further input, because a shutdown was requested or the session
    /// must be closed. [`Session::take_output`] returns the reason.
    Ended,
}

impl Session {
    /// Opens a session of `service`. Its output begins with the greeting.
    pub fn new(service: Arc<Service>, options: &SessionOptions) -> Self {
        let responder = Responder::new(service, options);
        let account = responder.outbox.account();
        Self {
            input_charge: Charge::new(account),
            document_charge: 0,
            queue_charge: Charge::new(account),
            responder,
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

    /// The deadline and the cancellation of the call in flight, if any.
    pub fn in_flight(&self) -> Option<&Arc<CallControl>> {
        self.in_flight.as_ref().map(|call| &call.control)
    }

    /// The command whose call is in flight, if any.
    pub fn in_flight_command(&self) -> Option<&str> {
        self.in_flight().map(|control| control.command())
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
                return self.output_full();
            }
            if self.in_flight.is_none()
                && let Some(queued) = self.queue.pop_front()
            {
                self.charge_queue(0, queued.allocated());
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
                Received::Nothing => return self.needs_input(),
                Received::Served => {}
                Received::Call(call) => return Advance::Call(call),
            }
        }
    }

    /// Completes the call that [`advance`](Self::advance) returned. `result` is the return value as
    /// JSON text, or `None` if the call panicked.
    pub fn complete(&mut self, result: Option<Result<Vec<u8>>>) {
        if let Some(in_flight) = self.in_flight.take() {
            let result = result
                .unwrap_or_else(|| Err(messages::handler_panicked(in_flight.control.command())));
            self.responder.finish(&in_flight, result);
        }
    }

    /// Moves the bytes to be sent next into `buffer`, which must be empty; `false` if there are
    /// none. Call [`sent`](Self::sent) when the client has accepted them.
    ///
    /// # Errors
    /// The reason for which the session must be closed.
    pub fn take_output(&self, buffer: &mut Vec<u8>) -> Result<bool, CloseReason> {
        self.responder.outbox.take(buffer)
    }

    /// Lets [`PolicyHandle::replace_and_disconnect`] of `policy`, which has admitted the client,
    /// close this session.
    pub fn disconnect_by(&self, policy: &PolicyHandle) {
        policy.add_client(&self.responder.outbox);
    }

    /// Checks whether the session may continue, also while bytes are being sent.
    ///
    /// # Errors
    /// The reason for which the session must be closed.
    pub fn check_output(&self) -> Result<(), CloseReason> {
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

    /// Whether a part of a large message has been consumed.
    #[cfg(feature = "server")]
    pub(crate) fn has_large_input(&self) -> bool {
        self.input_charge.bytes() > 0
    }

    /// The reason for which no request is read while the outbox is full or closed.
    #[cold]
    fn output_full(&self) -> Advance {
        if self.check_output().is_err() { Advance::Ended } else { Advance::OutputFull }
    }

    /// Ends a turn in which all input was consumed.
    #[inline]
    fn needs_input(&mut self) -> Advance {
        if self.decoder.is_between_texts() && self.input_charge.bytes() == 0 {
            return Advance::NeedInput;
        }
        self.charge_decoder();
        if self.responder.outbox.account().is_closed() {
            return Advance::Ended;
        }
        Advance::NeedInput
    }

    #[cold]
    fn charge_decoder(&mut self) {
        let allocated = self.decoder.allocated();
        let is_large = allocated > DECODER_SIZE;
        self.document_charge = if is_large { self.decoder.document_allocated() } else { 0 };
        let charged = self.input_charge.set(if is_large { allocated } else { 0 });
        self.responder.outbox.reclaim_after(charged);
    }

    /// Changes the charge for the queue after a message was added or removed.
    fn charge_queue(&mut self, added: usize, removed: usize) {
        let charged = self.queue_charge.set(self.queue_charge.bytes() + added - removed);
        self.responder.outbox.reclaim_after(charged);
    }

    fn enqueue(&mut self, queued: Queued) {
        self.charge_queue(queued.allocated(), 0);
        self.queue.push_back(queued);
    }

    /// Reads the next message from `input`, and serves or queues it.
    fn receive(&mut self, input: &mut &[u8]) -> Received {
        let waits = self.in_flight.is_some();
        let document = match self.decoder.decode(input) {
            None => return Received::Nothing,
            Some(Decoded::Message(document)) => document,
            Some(Decoded::Error(JsonError::OutOfMemory)) => {
                self.responder.outbox.account().close();
                return Received::Nothing;
            }
            Some(Decoded::Error(error)) => {
                if waits {
                    self.enqueue(Queued::Error(error));
                } else {
                    self.responder.reject(&error);
                }
                return Received::Served;
            }
        };
        let size = document.allocated();
        let is_large = size > COMMON_SIZE;
        if is_large {
            let growth = size.saturating_sub(self.document_charge);
            self.document_charge = size;
            let charged = self.input_charge.set(self.input_charge.bytes() + growth);
            self.responder.outbox.reclaim_after(charged);
            if self.responder.outbox.account().is_closed() {
                return Received::Nothing;
            }
        }
        if waits && !self.responder.overtakes(document) {
            let message = std::mem::take(document);
            let received = self.responder.arrival();
            self.enqueue(Queued::Message(message, received));
            return Received::Served;
        }
        let received = self.responder.arrival();
        match self.responder.serve(document, is_large, received) {
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
            Queued::Message(document, received) => {
                let is_large = document.allocated() > COMMON_SIZE;
                let (in_flight, call) = self.responder.serve(document, is_large, *received)?;
                self.in_flight = Some(in_flight);
                Some(call)
            }
        }
    }
}

/// Closes the file descriptors of the client, and runs the hooks for the end of the session.
impl Drop for Session {
    fn drop(&mut self) {
        self.responder.context.close();
        self.responder.service.observation().end_session(&self.responder.context);
    }
}

enum Received {
    Nothing,
    Served,
    Call(Call),
}
