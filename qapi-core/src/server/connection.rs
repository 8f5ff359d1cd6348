//! Drives one session over one connection.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use super::executor::{CallExecutor, CallResult};
use super::foreign_protocol::{Detector, ForeignProtocols};
use super::read_buffer::{READ_SIZE, READ_SIZE_OF_LARGE, ReadBuffer};
use super::refusal::Refusal;
use super::stream::{HangUp, Sink, Source};
use crate::call::cancellation::CancelReason;
use crate::call::session::SessionContext;
use crate::protocol::outbox::CloseReason;
use crate::service::shutdown::Shutdown;
use crate::session::{Advance, Session};

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Disconnect {
    /// The client closed the connection, after the server sent every reply.
    ByClient,
    /// The server shuts down.
    ByServer,
    /// The server closes the session.
    Closed(CloseReason),
    /// The client must not be served.
    Refused(Refusal),
    /// The transport failed.
    Io(io::Error),
}

impl Disconnect {
    /// Why the server disconnected the client, if the client gave reason to.
    fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused(refusal) => Some(*refusal),
            Self::Closed(reason) => Some(Refusal::Closed(*reason)),
            Self::ByClient | Self::ByServer | Self::Io(_) => None,
        }
    }
}

/// How a connection is served.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionOptions {
    pub(super) foreign_protocols: ForeignProtocols,
    /// The time in which the client has to negotiate; `None` for any time.
    pub(super) negotiation_deadline: Option<Duration>,
}

impl Default for ConnectionOptions {
    /// The options for a client that is trusted.
    fn default() -> Self {
        Self { foreign_protocols: ForeignProtocols::Ignore, negotiation_deadline: None }
    }
}

/// The condition under which the connection gives the session more input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WaitingFor {
    Input,
    Call,
    OutputSpace,
    Nothing,
}

/// One connection and its session.
pub(super) struct Connection {
    source: Source,
    sink: Sink,
    session: Session,
    input: ReadBuffer,
    output: Vec<u8>,
    /// How many bytes of `output` the transport has accepted.
    written: usize,
    /// Whether the transport may still buffer output.
    is_unflushed: bool,
    executor: Arc<CallExecutor>,
    call: Option<JoinHandle<CallResult>>,
    waiting_for: WaitingFor,
    end_of_input: bool,
    foreign_protocols: Detector,
    /// Ends when the client must have negotiated; `None` once it has.
    negotiation_deadline: Option<Pin<Box<Sleep>>>,
    /// Completes when the client has disconnected; made while a call is in flight.
    hang_up: Option<HangUp>,
    /// Whether sessions must close, after the shutdown hooks.
    is_closing: bool,
}

impl Connection {
    pub(super) fn new(
        source: Source,
        sink: Sink,
        session: Session,
        executor: Arc<CallExecutor>,
        options: ConnectionOptions,
    ) -> Self {
        let deadline = options.negotiation_deadline;
        Self {
            source,
            sink,
            session,
            input: ReadBuffer::default(),
            output: Vec::new(),
            written: 0,
            is_unflushed: false,
            executor,
            call: None,
            waiting_for: WaitingFor::Input,
            end_of_input: false,
            foreign_protocols: Detector::new(options.foreign_protocols),
            negotiation_deadline: deadline.map(|time| Box::pin(tokio::time::sleep(time))),
            hang_up: None,
            is_closing: false,
        }
    }

    /// Serves the client until the client or the server closes the connection. A call that is in
    /// flight when the client disconnects continues, unless the command is cancelled then.
    pub(super) async fn run(&mut self, shutdown: &Shutdown) -> Disconnect {
        let mut closing =
            Closing { shutdown, wait: pin!(shutdown.sessions_closing()), waker: None };
        let polled = poll_fn(|context| {
            let mut may_read = true;
            self.poll(context, &mut closing, &mut may_read)
        });
        if let Err(disconnect) = polled.await {
            if let Some(refusal) = disconnect.refusal() {
                self.send_last(refusal.reply().unwrap_or_default()).await;
            }
            return disconnect;
        }
        let _ = self.sink.shutdown().await;
        match self.waiting_for {
            WaitingFor::Nothing => Disconnect::ByServer,
            WaitingFor::Input | WaitingFor::Call | WaitingFor::OutputSpace => {
                Disconnect::ByClient
            }
        }
    }

    /// Makes all progress that is possible without waiting. Ready when the connection can end, or
    /// when it has failed.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        closing: &mut Closing<'_, impl Future<Output = ()>>,
        may_read: &mut bool,
    ) -> Poll<Result<(), Disconnect>> {
        loop {
            self.check_negotiation(context)?;
            // Output first, so that a client which only sends still receives its replies.
            let sent = self.poll_send(context)?;
            if sent.is_ready() && self.is_served() {
                return Poll::Ready(Ok(()));
            }
            if let Poll::Ready(result) = self.poll_call(context) {
                self.call = None;
                self.session.complete(result);
                self.advance();
            } else if !*may_read {
                // After each read, the other connections have their turn.
                context.waker().wake_by_ref();
                return Poll::Pending;
            } else if let Poll::Ready(result) = self.poll_read(context) {
                result?;
                *may_read = false;
            } else if self.poll_disconnect(context).is_ready() {
                self.note_disconnect();
            } else if !self.is_closing && closing.poll(context) {
                self.is_closing = true;
                self.waiting_for = WaitingFor::Nothing;
            } else {
                ready!(self.session.poll_output_changed(context));
            }
        }
    }

    /// Sends output. Ready when the transport has accepted all of it.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Disconnect>> {
        while self.load_output()? {
            let unsent = self.output.get(self.written..).unwrap_or_default();
            let sent = Pin::new(&mut self.sink).poll_write(context, unsent);
            let count = ready!(sent).map_err(Disconnect::Io)?;
            if count == 0 {
                return Poll::Ready(Err(Disconnect::Io(io::ErrorKind::WriteZero.into())));
            }
            self.written += count;
            self.is_unflushed = true;
            self.session.sent(count);
            if self.waiting_for == WaitingFor::OutputSpace {
                self.advance();
            }
        }
        if self.is_unflushed {
            ready!(Pin::new(&mut self.sink).poll_flush(context)).map_err(Disconnect::Io)?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether there is output to send. If all output that was taken from the session is sent,
    /// takes more.
    fn load_output(&mut self) -> Result<bool, Disconnect> {
        if self.written < self.output.len() {
            // This check is necessary although `take_output` checks the limit too: `take_output` is
            // not called while the client reads nothing.
            return self.session.check_output().map(|()| true).map_err(Disconnect::Closed);
        }
        if self.written > 0 {
            // An idle connection uses no memory for output.
            self.output = Vec::new();
            self.written = 0;
        }
        if !self.session.has_output() {
            return Ok(false);
        }
        self.session.take_output(&mut self.output).map_err(Disconnect::Closed)
    }

    /// Whether the connection can end once all output is sent.
    fn is_served(&self) -> bool {
        let is_waiting_for_input = self.waiting_for == WaitingFor::Input;
        (self.is_closing && self.call.is_none())
            || (self.end_of_input && is_waiting_for_input && !self.session.is_busy())
    }

    /// Waits for the call in flight. The result is `None` if the call panicked or was dropped.
    fn poll_call(&mut self, context: &mut Context<'_>) -> Poll<CallResult> {
        match &mut self.call {
            Some(call) => Pin::new(call).poll(context).map(|joined| joined.ok().flatten()),
            None => Poll::Pending,
        }
    }

    /// Checks that the client negotiates in time.
    fn check_negotiation(&mut self, context: &mut Context<'_>) -> Result<(), Disconnect> {
        let Some(deadline) = &mut self.negotiation_deadline else { return Ok(()) };
        if self.session.context().is_negotiated() {
            self.negotiation_deadline = None;
        } else if deadline.as_mut().poll(context).is_ready() {
            return Err(Disconnect::Refused(Refusal::NegotiationTimeout));
        }
        Ok(())
    }

    /// Sends a last message, if the transport takes it at once and no other message is begun.
    async fn send_last(&mut self, message: &[u8]) {
        if self.written < self.output.len() || message.is_empty() {
            return;
        }
        poll_fn(|context| {
            let _ = Pin::new(&mut self.sink).poll_write(context, message);
            Poll::Ready(())
        })
        .await;
    }

    /// The session as commands see it.
    pub(super) fn shared_context(&self) -> Arc<SessionContext> {
        self.session.shared_context()
    }

    /// The call in flight, which continues without the client.
    pub(super) fn into_call(self) -> Option<JoinHandle<CallResult>> {
        self.call
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Disconnect>> {
        if self.waiting_for != WaitingFor::Input || self.end_of_input {
            return Poll::Pending;
        }
        let is_large = self.session.has_large_input();
        let size = if is_large { READ_SIZE_OF_LARGE } else { READ_SIZE };
        let read = ready!(self.input.poll_read(&mut self.source, context, size));
        let count = read.map_err(Disconnect::Io)?;
        if let Some(protocol) = self.foreign_protocols.examine(self.input.remaining()) {
            return Poll::Ready(Err(Disconnect::Refused(Refusal::Foreign(protocol))));
        }
        self.end_of_input = count == 0;
        self.advance();
        Poll::Ready(Ok(()))
    }

    /// Waits, while a call is in flight, until the client disconnects. Reads ahead, since a session
    /// that is busy reads nothing and the end of the input would go unnoticed.
    fn poll_disconnect(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.call.is_none() || self.session.context().is_closed() {
            return Poll::Pending;
        }
        if !self.end_of_input && self.input.is_empty() {
            let read = self.input.poll_read(&mut self.source, context, READ_SIZE);
            // An error shows again when the connection reads or writes next.
            self.end_of_input = matches!(read, Poll::Ready(Ok(0) | Err(_)));
        }
        let control = self.session.in_flight();
        let cancels = control.is_some_and(|control| control.cancels_on_disconnect());
        if self.hang_up.is_none() && (self.end_of_input || cancels) {
            self.hang_up = self.source.hang_up();
        }
        match &mut self.hang_up {
            Some(hang_up) => hang_up.as_mut().poll(context),
            None if self.end_of_input => Poll::Ready(()),
            None => Poll::Pending,
        }
    }

    /// Tells the session and the call in flight that the client has disconnected.
    fn note_disconnect(&mut self) {
        self.hang_up = None;
        self.session.context().close();
        if let Some(control) =
            self.session.in_flight().filter(|call| call.cancels_on_disconnect())
        {
            control.cancellation().cancel(CancelReason::ClientDisconnected);
        }
    }

    /// Gives the session input and starts its calls, until the session cannot advance.
    fn advance(&mut self) {
        let fds = self.input.take_fds();
        if !fds.is_empty() {
            self.session.receive_fds(fds);
        }
        loop {
            let mut input = self.input.remaining();
            let step = self.session.advance(&mut input);
            let remaining = input.len();
            self.input.consume_to(remaining);
            self.waiting_for = match step {
                Advance::NeedInput => WaitingFor::Input,
                Advance::Call(call) => {
                    if let Some(control) = self.session.in_flight() {
                        self.call = Some(self.executor.start(control, call));
                    }
                    if self.session.context().is_closed() {
                        self.note_disconnect();
                    }
                    continue;
                }
                Advance::Busy => WaitingFor::Call,
                Advance::OutputFull => WaitingFor::OutputSpace,
                Advance::Ended => WaitingFor::Nothing,
            };
            return;
        }
    }
}

/// Waits until sessions must close. A connection polls `Closing` often. `Closing` registers each
/// waker once instead of at every poll.
struct Closing<'s, F> {
    shutdown: &'s Shutdown,
    wait: Pin<&'s mut F>,
    /// The registered waker.
    waker: Option<Waker>,
}

impl<F: Future<Output = ()>> Closing<'_, F> {
    /// Whether sessions must close. The task is woken when that changes.
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let is_registered = |waker: &Waker| waker.will_wake(context.waker());
        // The request to shut down wakes the task and removes its waker, so the waker must be
        // registered again.
        if self.waker.as_ref().is_some_and(is_registered) && !self.shutdown.is_requested() {
            return false;
        }
        self.waker = Some(context.waker().clone());
        self.wait.as_mut().poll(context).is_ready()
    }
}
