//! Support for the tests of daemons: sessions without a connection, and clients within the process.
//!
//! - [`SessionDriver`] feeds a session bytes and reads its output, without a runtime
//! - `TestClient` (with the feature `server`) connects to a session within the process, sends text
//!   and receives JSON

#[cfg(feature = "server")]
pub(crate) mod client;
pub(crate) mod session;

#[cfg(feature = "server")]
pub use client::{TestClient, connect};
pub use session::SessionDriver;
