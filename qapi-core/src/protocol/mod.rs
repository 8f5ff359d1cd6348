//! The messages of QMP, and the queue of outgoing messages.
//!
//! - `envelope`: requests, and the greeting, replies and events
//! - `outbox`: the bytes to be sent to one client
//! - [`ServerVersion`], [`QmpCapability`]: the contents of the greeting

pub(crate) mod envelope;
pub(crate) mod greeting;
pub(crate) mod outbox;

pub use greeting::{QmpCapability, ServerVersion};
pub use outbox::CloseReason;
