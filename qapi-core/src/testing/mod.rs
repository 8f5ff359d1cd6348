//! Support for the tests of daemons: sessions without a connection, and clients within the process.
//!
//! - [`SessionDriver`] feeds a session bytes and reads its output, without a runtime
//! - `TestServer` (with the feature `server`) runs the server of a program within a test
//! - `TestClient` (with the feature `server`) connects to it, sends text and receives JSON

#[cfg(feature = "server")]
pub(crate) mod client;
pub(crate) mod session;

#[cfg(feature = "server")]
pub use client::{Connect, TestClient, TestServer, connect};
pub use session::SessionDriver;
