//! The function behind a command, and what the function receives.
//!
//! - [`Handler`] and [`Registration`]: the function itself, as an annotation submits it
//! - [`Context`]: the surroundings of one call: the session, and the server's [`StateMap`]
//! - [`ReturnWriter`]: writes the return value as JSON text
//! - [`SessionContext`]: the session of the caller, with
//!   [`SessionFds`], the file descriptors that the client sent
//! - [`Peer`]: the client, as the transport identifies it
//! - [`Cancellation`]: tells a function that its call is cancelled
//! - [`OobSafe`]: the mark of state that commands out of band may use

pub(crate) mod cancellation;
pub mod fds;
pub(crate) mod handler;
pub(crate) mod peer;
pub(crate) mod session;
pub(crate) mod state;

pub use cancellation::{CancelReason, Cancellation};
pub use fds::SessionFds;
#[doc(hidden)]
pub use handler::async_command_must_be_send;
pub use handler::{
    AsyncCall, AsyncHandler, BlockingCall, BlockingHandler, Context, Execution, Handler,
    InlineHandler, Registration, ReturnWriter,
};
pub use peer::{Peer, PeerCredentials};
pub use session::SessionContext;
pub use state::{OobSafe, StateMap};
