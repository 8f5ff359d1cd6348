//! Drives one session over one connection.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::calls::{Calls, Outcome};
use super::input::Input;
use super::stream::{Sink, Source};
use crate::session::{Advance, OutputOverflow, Session};
use crate::shutdown::Shutdown;

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The client closed it, and everything it asked for was answered.
    ByClient,
    /// The server was asked to end.
    ByServer,
    /// The client left too much unread.
    Overflow(OutputOverflow),
    /// The transport failed.
    Io(io::Error),
}

/// What the connection waits for before it gives the session more input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Input,
    Call,
    Room,
    Nothing,
}

/// One connection with the session that it carries.
pub(super) struct Connection {
    source: Source,
    sink: Sink,
    session: Session,
    input: Input,
    output: Vec<u8>,
    /// How much of `output` the client has accepted.
    written: usize,
    /// Whether the transport may still hold some of it back.
    is_unflushed: bool,
    calls: Arc<Calls>,
    call: Option<JoinHandle<Outcome>>,
    waiting: Waiting,
    end_of_input: bool,
    /// Whether the server has nothing more to tell and sessions end.
    released: bool,
}

impl Connection {
    pub(super) fn new(source: Source, sink: Sink, session: Session, calls: Arc<Calls>) -> Self {
        Self {
            source,
            sink,
            session,
            input: Input::default(),
            output: Vec::new(),
            written: 0,
            is_unflushed: false,
            calls,
            call: None,
            waiting: Waiting::Input,
            end_of_input: false,
            released: false,
        }
    }

    /// Serves the client until either side is done. A call under way when the client leaves goes
    /// on: it was accepted.
    pub(super) async fn run(&mut self, shutdown: &Shutdown) -> Ended {
        let mut released = pin!(shutdown.released());
        if let Err(ended) = poll_fn(|context| self.poll(context, released.as_mut())).await {
            return ended;
        }
        let _ = self.sink.shutdown().await;
        if self.waiting == Waiting::Nothing { Ended::ByServer } else { Ended::ByClient }
    }

    /// Does what can be done now, until nothing is left to do for this client.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        mut released: Pin<&mut impl Future<Output = ()>>,
    ) -> Poll<Result<(), Ended>> {
        loop {
            self.load_output()?;
            if self.is_done() {
                return Poll::Ready(Ok(()));
            }
            // Output first, so that a client which only sends still gets its answers.
            if let Poll::Ready(result) = self.poll_send(context) {
                result.map_err(Ended::Io)?;
            } else if let Poll::Ready(result) = self.poll_call(context) {
                self.call = None;
                self.session.complete(result);
                self.advance();
            } else if let Poll::Ready(result) = self.poll_read(context) {
                result.map_err(Ended::Io)?;
            } else if !self.released && released.as_mut().poll(context).is_ready() {
                self.released = true;
                self.waiting = Waiting::Nothing;
            } else {
                ready!(self.session.poll_output_changed(context));
            }
        }
    }

    /// Takes the next output from the session once the last is sent.
    fn load_output(&mut self) -> Result<(), Ended> {
        if self.written < self.output.len() {
            // A client that reads nothing never takes the last output.
            return self.session.check_output().map_err(Ended::Overflow);
        }
        // A connection that has nothing to send needs no room for it.
        self.output = Vec::new();
        self.written = 0;
        self.session.take_output(&mut self.output).map(drop).map_err(Ended::Overflow)
    }

    /// Whether nothing is left to do for this client.
    fn is_done(&self) -> bool {
        let sent = self.written == self.output.len() && !self.is_unflushed;
        let served = (self.released && self.call.is_none())
            || (self.end_of_input && self.waiting == Waiting::Input && !self.session.is_busy());
        sent && served
    }

    /// Makes a step towards the client.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.output.get(self.written..) {
            Some(rest) if !rest.is_empty() => {
                let count = ready!(Pin::new(&mut self.sink).poll_write(context, rest))?;
                if count == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.written += count;
                self.is_unflushed = true;
                self.session.sent(count);
                if self.waiting == Waiting::Room {
                    self.advance();
                }
            }
            _ if self.is_unflushed => {
                ready!(Pin::new(&mut self.sink).poll_flush(context))?;
                self.is_unflushed = false;
            }
            _ => return Poll::Pending,
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for the call under way; `None` where it panicked.
    fn poll_call(&mut self, context: &mut Context<'_>) -> Poll<Outcome> {
        match &mut self.call {
            Some(call) => Pin::new(call).poll(context).map(|joined| joined.ok().flatten()),
            None => Poll::Pending,
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waiting != Waiting::Input || self.end_of_input {
            return Poll::Pending;
        }
        let count = ready!(self.input.poll_read(&mut self.source, context))?;
        self.end_of_input = count == 0;
        let fds = self.input.take_fds();
        if !fds.is_empty() {
            self.session.receive_fds(fds);
        }
        self.advance();
        Poll::Ready(Ok(()))
    }

    /// Lets the session work on the input until it needs something.
    fn advance(&mut self) {
        loop {
            let mut rest = self.input.rest();
            let step = self.session.advance(&mut rest);
            let left = rest.len();
            self.input.leave(left);
            self.waiting = match step {
                Advance::NeedInput => Waiting::Input,
                Advance::Call(call) => {
                    let command = self.session.command_under_way().unwrap_or_default();
                    self.call = Some(self.calls.start(command, call));
                    continue;
                }
                Advance::Busy => Waiting::Call,
                Advance::OutputFull => Waiting::Room,
                Advance::Ended => Waiting::Nothing,
            };
            return;
        }
    }
}
