//! The framework's own commands, one file for each part of the protocol.
//!
//! - [`control`]: negotiation, the version, the schema, and the end of the server; every server
//!   has these
//! - [`documentation`]: the documentation of definitions; only a server with
//!   [`enable_documentation`](crate::Server::enable_documentation) has it
//! - [`event_selection`]: the events that a client receives; only a server with
//!   [`enable_event_selection`](crate::Server::enable_event_selection) has it
//! - [`fds`]: names for file descriptors that clients send; only a server with
//!   [`enable_fd_passing`](crate::Server::enable_fd_passing) has them

pub mod control;
pub mod documentation;
pub mod event_selection;
pub mod fds;
