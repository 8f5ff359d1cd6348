//! The function behind a command: its surroundings, and the writer of its return value.
//!
//! - [`Context`]: the surroundings of one call: the session, and the server's [`StateMap`]
//! - [`SessionContext`]: the session of the caller, with
//!   [`SessionFds`], the file descriptors that the client sent
//! - [`ReturnWriter`]: writes the return value as JSON text
//! - [`OobSafe`]: the mark of state that commands out of band may use
//! - [`Handler`] and [`Registration`]: the function itself, as an annotation submits it

pub(crate) mod context;
pub mod fds;
pub(crate) mod handler;
pub(crate) mod oob;
pub(crate) mod return_writer;
pub(crate) mod session;

pub use context::{Context, StateMap};
pub use fds::SessionFds;
pub use handler::{
    AsyncCall, AsyncHandler, BlockingCall, BlockingHandler, Handler, InlineHandler, Registration,
};
pub use oob::OobSafe;
pub use return_writer::ReturnWriter;
pub use session::{PeerCredentials, SessionContext};
