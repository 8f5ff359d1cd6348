//! Drives one session over one connection.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::executor::{Calls, Outcome};
use super::read_buffer::Input;
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
        let mut release = Release { shutdown, asked: pin!(shutdown.released()), waker: None };
        if let Err(ended) = poll_fn(|context| self.poll(context, &mut release)).await {
            return ended;
        }
        let _ = self.sink.shutdown().await;
        if self.waiting == Waiting::Nothing { Ended::ByServer } else { Ended::ByClient }
    }

    /// Does what can be done now, until nothing is left to do for this client.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        release: &mut Release<'_, impl Future<Output = ()>>,
    ) -> Poll<Result<(), Ended>> {
        loop {
            // Output first, so that a client which only sends still gets its answers.
            let sent = self.poll_send(context)?;
            if sent.is_ready() && self.is_served() {
                return Poll::Ready(Ok(()));
            }
            if let Poll::Ready(result) = self.poll_call(context) {
                self.call = None;
                self.session.complete(result);
                self.advance();
            } else if let Poll::Ready(result) = self.poll_read(context) {
                result.map_err(Ended::Io)?;
            } else if !self.released && release.poll(context) {
                self.released = true;
                self.waiting = Waiting::Nothing;
            } else {
                ready!(self.session.poll_output_changed(context));
            }
        }
    }

    /// Sends what there is to send; ready once the client has all of it.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        while self.load_output()? {
            let rest = self.output.get(self.written..).unwrap_or_default();
            let sent = Pin::new(&mut self.sink).poll_write(context, rest);
            let count = ready!(sent).map_err(Ended::Io)?;
            if count == 0 {
                return Poll::Ready(Err(Ended::Io(io::ErrorKind::WriteZero.into())));
            }
            self.written += count;
            self.is_unflushed = true;
            self.session.sent(count);
            if self.waiting == Waiting::Room {
                self.advance();
            }
        }
        if self.is_unflushed {
            ready!(Pin::new(&mut self.sink).poll_flush(context)).map_err(Ended::Io)?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether there is something to send: takes it from the session once the last is sent.
    fn load_output(&mut self) -> Result<bool, Ended> {
        if self.written < self.output.len() {
            // A client that reads nothing never takes the last output.
            return self.session.check_output().map(|()| true).map_err(Ended::Overflow);
        }
        if self.written > 0 {
            // A connection that has nothing to send needs no room for it.
            self.output = Vec::new();
            self.written = 0;
        }
        if !self.session.has_output() {
            return Ok(false);
        }
        self.session.take_output(&mut self.output).map_err(Ended::Overflow)
    }

    /// Whether nothing is left to do for this client but to send.
    fn is_served(&self) -> bool {
        (self.released && self.call.is_none())
            || (self.end_of_input && self.waiting == Waiting::Input && !self.session.is_busy())
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

/// Waits until sessions may end. Every connection waits for it all the time, so that it asks no
/// more than once for each task that is to be woken.
struct Release<'s, F> {
    shutdown: &'s Shutdown,
    asked: Pin<&'s mut F>,
    /// Who will be woken.
    waker: Option<Waker>,
}

impl<F: Future<Output = ()>> Release<'_, F> {
    /// Whether sessions may end; the task is woken when that changes.
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let waits = |waker: &Waker| waker.will_wake(context.waker());
        // Asked anew once the server is to end: hearing of that uses up who is to be woken.
        if self.waker.as_ref().is_some_and(waits) && !self.shutdown.is_requested() {
            return false;
        }
        self.waker = Some(context.waker().clone());
        self.asked.as_mut().poll(context).is_ready()
    }
}
