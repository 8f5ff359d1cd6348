//! The messages of QMP: what a client sends, what a server answers, and where answers wait.
//!
//! - `request`: the envelope of a command
//! - `response`: greeting, replies and events
//! - `outbox`: the bytes that wait to be sent to one client
//! - [`ServerVersion`], [`QmpCapability`]: the contents of the greeting

pub(crate) mod capabilities;
pub(crate) mod outbox;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod version;

pub use capabilities::QmpCapability;
pub use outbox::OutputOverflow;
pub use version::ServerVersion;
