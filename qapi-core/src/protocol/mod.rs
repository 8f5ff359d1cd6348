//! The messages of QMP, and the queue of outgoing messages.
//!
//! - `request`: the envelope of a command
//! - `response`: greeting, replies and events
//! - `outbox`: the bytes to be sent to one client
//! - [`ServerVersion`], [`QmpCapability`]: the contents of the greeting

pub(crate) mod capabilities;
pub(crate) mod outbox;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod version;

pub use capabilities::QmpCapability;
pub use outbox::OutputOverflow;
pub use version::ServerVersion;
