//! A plain loop for a session, as a program with an event loop of its own writes it: no tokio, and
//! no other runtime.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use qapi_core::session::{Advance, Call, CloseReason, Session};

/// Gives the session `input`, runs the calls that it returns on this thread, and returns its
/// output.
///
/// # Errors
/// The session exceeded a limit.
pub fn serve(session: &mut Session, mut input: &[u8]) -> Result<Vec<u8>, CloseReason> {
    loop {
        match session.advance(&mut input) {
            Advance::Call(Call::Blocking(call)) => session.complete(Some(call())),
            Advance::Call(Call::Async(call)) => session.complete(Some(block_on(call))),
            // A loop with sockets waits for input, for a call or for the client here.
            _ => return take_output(session),
        }
    }
}

/// The session's output, as if the client read it at once.
///
/// # Errors
/// The errors of [`serve`].
pub fn take_output(session: &Session) -> Result<Vec<u8>, CloseReason> {
    let mut output = Vec::new();
    if session.take_output(&mut output)? {
        session.sent(output.len());
    }
    Ok(output)
}

/// Blocks the thread until `future` is ready.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
