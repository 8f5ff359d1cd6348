//! Drives one session over one connection.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;

use super::calls::{Calls, Outcome};
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
    Io(std::io::Error),
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
    input: Vec<u8>,
    /// How much of `input` the session has taken.
    taken: usize,
    /// What came beside the input and has not been given to the session yet.
    fds: Vec<OwnedFd>,
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
            input: Vec::new(),
            taken: 0,
            fds: Vec::new(),
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
    pub(super) async fn run(mut self, shutdown: &Shutdown) -> Ended {
        let released = shutdown.released();
        tokio::pin!(released);
        loop {
            if let Err(ended) = self.load_output() {
                return ended;
            }
            if self.is_done() {
                let _ = self.sink.shutdown().await;
                return if self.waiting == Waiting::Nothing {
                    Ended::ByServer
                } else {
                    Ended::ByClient
                };
            }
            let step = tokio::select! {
                biased;
                // Output first, so that a client which only sends still gets its answers.
                result = send(&mut self.sink, &self.output, self.written, self.is_unflushed) => {
                    result.map(|sent| self.sent(sent))
                }
                result = join(&mut self.call) => {
                    self.call = None;
                    self.session.complete(result);
                    self.advance();
                    Ok(())
                }
                () = self.session.output_changed() => Ok(()),
                result = self.source.read(&mut self.input, &mut self.fds),
                    if self.waiting == Waiting::Input && !self.end_of_input =>
                {
                    result.map(|count| self.read(count))
                }
                () = &mut released, if !self.released => {
                    self.released = true;
                    self.waiting = Waiting::Nothing;
                    Ok(())
                }
            };
            if let Err(error) = step {
                return Ended::Io(error);
            }
        }
    }

    /// Takes the next output from the session once the last is sent.
    fn load_output(&mut self) -> Result<(), Ended> {
        if self.written == self.output.len() {
            self.output.clear();
            self.written = 0;
            self.session.take_output(&mut self.output).map_err(Ended::Overflow)?;
        }
        // A client that reads nothing never takes the last output.
        self.session.check_output().map_err(Ended::Overflow)
    }

    /// Whether nothing is left to do for this client.
    fn is_done(&self) -> bool {
        let sent = self.written == self.output.len() && !self.is_unflushed;
        let served = (self.released && self.call.is_none())
            || (self.end_of_input && self.waiting == Waiting::Input && !self.session.is_busy());
        sent && served
    }

    fn sent(&mut self, sent: Sent) {
        match sent {
            Sent::Bytes(count) => {
                self.written += count;
                self.is_unflushed = true;
                self.session.sent(count);
                if self.waiting == Waiting::Room {
                    self.advance();
                }
            }
            Sent::Everything => self.is_unflushed = false,
        }
    }

    fn read(&mut self, count: usize) {
        if count == 0 {
            self.end_of_input = true;
        }
        if !self.fds.is_empty() {
            self.session.receive_fds(std::mem::take(&mut self.fds));
        }
        self.advance();
    }

    /// Lets the session work on the input until it needs something.
    fn advance(&mut self) {
        loop {
            let mut rest = self.input.get(self.taken..).unwrap_or_default();
            let step = self.session.advance(&mut rest);
            self.taken = self.input.len() - rest.len();
            self.waiting = match step {
                Advance::NeedInput => {
                    self.input.clear();
                    self.taken = 0;
                    Waiting::Input
                }
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

/// Waits for the call under way; `None` where it panicked.
async fn join(call: &mut Option<JoinHandle<Outcome>>) -> Outcome {
    match call {
        Some(handle) => handle.await.ok().flatten(),
        None => std::future::pending().await,
    }
}

/// A step towards the client.
enum Sent {
    /// The transport has taken so many bytes. They count at once: what comes in between before they
    /// are flushed must not have them sent again.
    Bytes(usize),
    /// The transport has passed on all it had taken.
    Everything,
}

async fn send(
    sink: &mut Sink,
    output: &[u8],
    written: usize,
    is_unflushed: bool,
) -> std::io::Result<Sent> {
    match output.get(written..) {
        Some(rest) if !rest.is_empty() => match sink.write(rest).await? {
            0 => Err(std::io::ErrorKind::WriteZero.into()),
            count => Ok(Sent::Bytes(count)),
        },
        _ if is_unflushed => sink.flush().await.map(|()| Sent::Everything),
        _ => std::future::pending().await,
    }
}
