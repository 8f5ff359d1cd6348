//! One client's conversation as a state machine without I/O.
//!
//! Whoever has a [`Session`] gives it the bytes that the client sent ([`Session::advance`]),
//! carries out the calls that it hands back, and sends on what it has to say
//! ([`Session::take_output`]). It never waits and never reads or writes anything itself, so that
//! it runs under any event loop, and under a fuzzer.

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
use responder::{Current, Responder};

/// How many requests may wait behind the one that is being served, once out-of-band execution is
/// enabled: as many as QEMU queues. A session with that many is not listened to until one is done.
pub const QUEUE_LIMIT: usize = 8;

/// How many unsent bytes stop a session from taking further requests: a client that does not
/// read its replies must not be able to pile them up. Well above what a pipelining client has
/// under way, well below the limit for events.
const OUTPUT_HIGH_WATER: usize = 1 << 20;

/// How a session is set up.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Who is at the other end, where the transport tells.
    pub peer: Option<PeerCredentials>,
    /// Whether messages are laid out for people, on several lines.
    pub pretty: bool,
    /// How many bytes may wait for a client that does not read, before its session is closed.
    pub output_limit: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { peer: None, pretty: false, output_limit: DEFAULT_OUTPUT_LIMIT }
    }
}

/// One client's conversation.
#[derive(Debug)]
pub struct Session {
    responder: Responder,
    decoder: Decoder,
    /// Requests that wait for the one being served, in the order they came.
    queue: VecDeque<Queued>,
    /// The request being served elsewhere.
    current: Option<Current>,
}

/// What waits its turn: errors too are answered in order.
#[derive(Debug)]
enum Queued {
    Message(Document),
    Error(JsonError),
}

/// Why [`Session::advance`] returned.
#[derive(Debug)]
#[must_use]
pub enum Advance {
    /// All input was used; give more.
    NeedInput,
    /// This call must be carried out and its result given to [`Session::complete`]; until then
    /// [`advance`](Session::advance) may be called for requests that overtake.
    Call(Call),
    /// Nothing more is taken until the call under way is completed.
    Busy,
    /// Nothing more is taken until the client has read what it was sent.
    OutputFull,
    /// The server was asked to end: nothing more is taken at all.
    Ended,
}

impl Session {
    /// Opens a session with `service`; the greeting is the first thing it has to say.
    pub fn new(service: Arc<Service>, options: &SessionOptions) -> Self {
        Self {
            responder: Responder::new(service, options),
            decoder: Decoder::new(),
            queue: VecDeque::new(),
            current: None,
        }
    }

    /// What commands may know of this session.
    pub fn context(&self) -> &SessionContext {
        &self.responder.context
    }

    /// As [`context`](Self::context), to keep.
    pub fn shared_context(&self) -> Arc<SessionContext> {
        Arc::clone(&self.responder.context)
    }

    /// The command whose call is under way, if one is.
    pub fn command_under_way(&self) -> Option<&str> {
        self.current.as_ref().map(|current| current.command.as_str())
    }

    /// Whether a call is under way or requests wait.
    pub fn is_busy(&self) -> bool {
        self.current.is_some() || !self.queue.is_empty()
    }

    /// Takes in file descriptors that came beside the bytes that [`advance`](Self::advance) is
    /// given next. Once everything before them is served, earlier ones that no command asked for
    /// are closed.
    pub fn receive_fds(&mut self, fds: Vec<OwnedFd>) {
        if !self.is_busy() {
            self.context().fds().close_unclaimed();
        }
        self.context().fds().receive(fds);
    }

    /// Takes bytes from the front of `input` and serves the requests in them, until something
    /// else must happen first.
    pub fn advance(&mut self, input: &mut &[u8]) -> Advance {
        loop {
            if self.responder.service.shutdown().is_requested() {
                return Advance::Ended;
            }
            if self.responder.outbox.pending() > OUTPUT_HIGH_WATER {
                return Advance::OutputFull;
            }
            if self.current.is_none()
                && let Some(queued) = self.queue.pop_front()
            {
                match self.serve_queued(&queued) {
                    Some(call) => return Advance::Call(call),
                    None => continue,
                }
            }
            let capacity = if self.context().is_oob() { QUEUE_LIMIT } else { 0 };
            if self.current.is_some() && self.queue.len() >= capacity {
                return Advance::Busy;
            }
            match self.receive(input) {
                Received::Nothing => return Advance::NeedInput,
                Received::Served => {}
                Received::Call(call) => return Advance::Call(call),
            }
        }
    }

    /// Takes the result of the call that [`advance`](Self::advance) handed out: the returned
    /// value as JSON text, or `None` where the call panicked.
    pub fn complete(&mut self, result: Option<Result<Vec<u8>>>) {
        if let Some(current) = self.current.take() {
            let result =
                result.unwrap_or_else(|| Err(messages::handler_panicked(&current.command)));
            self.responder.finish(&current, result);
        }
    }

    /// Moves the bytes to be sent next into `buffer`, which must be empty; whether there were
    /// any. [`sent`](Self::sent) must be told when the client has them.
    ///
    /// # Errors
    /// The client left too much unread; the session must be closed.
    pub fn take_output(&self, buffer: &mut Vec<u8>) -> Result<bool, OutputOverflow> {
        self.responder.outbox.take(buffer)
    }

    /// Looks whether the client left too much unread, whatever is being sent at the time.
    ///
    /// # Errors
    /// It did; the session must be closed.
    pub fn check_output(&self) -> Result<(), OutputOverflow> {
        self.responder.outbox.check()
    }

    /// Notes that the client has taken `count` of the bytes that were to be sent.
    pub fn sent(&self, count: usize) {
        self.responder.outbox.sent(count);
    }

    /// Whether there is something that the client has not accepted yet, taken or not.
    pub fn has_output(&self) -> bool {
        self.responder.outbox.pending() > 0
    }

    /// Waits until there may be something new to send: a reply, or an event from any thread.
    pub async fn output_changed(&self) {
        poll_fn(|context| self.poll_output_changed(context)).await;
    }

    /// As [`output_changed`](Self::output_changed), for one task.
    pub(crate) fn poll_output_changed(&self, context: &mut Context<'_>) -> Poll<()> {
        self.responder.outbox.poll_changed(context)
    }

    /// Takes the next message from `input`: serves it, or puts it at the end of the queue.
    fn receive(&mut self, input: &mut &[u8]) -> Received {
        let waits = self.current.is_some();
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
            Some((current, call)) => {
                self.current = Some(current);
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
                let (current, call) = self.responder.serve(document)?;
                self.current = Some(current);
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
