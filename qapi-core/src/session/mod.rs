//! One client's conversation.

mod context;

pub use context::{PeerCredentials, SessionContext};
