//! Lets any daemon speak QMP, the QEMU Machine Protocol, by annotating plain functions and types.
//!
//! The six attributes correspond to QAPI's six kinds of definition: [`qapi_enum`], [`qapi_struct`],
//! [`qapi_union`], [`qapi_alternate`], [`qapi_command`] and [`qapi_event`]. Annotated items are
//! registered when the program is linked; a [`Server`] serves them, and clients can query their
//! schema.
//!
//! ```no_run
//! use qapi_core::prelude::*;
//! use std::sync::atomic::{AtomicI64, Ordering};
//!
//! /// The number of visitors so far.
//! #[derive(Default)]
//! struct Visitors(AtomicI64);
//!
//! /// Information about the visitors.
//! #[qapi_struct(since = "1.0")]
//! struct VisitorInfo { count: i64 }
//!
//! /// Counts a visitor, and returns the number of visitors so far.
//! #[qapi_command(since = "1.0")]
//! fn visit(#[qapi(state)] visitors: &Visitors) -> VisitorInfo {
//!     VisitorInfo { count: visitors.0.fetch_add(1, Ordering::Relaxed) + 1 }
//! }
//!
//! fn main() -> Result<(), qapi_core::ServeError> {
//!     Server::new().state(Visitors::default()).listen_unix("/run/visitors.sock")?.run()
//! }
//! ```
//!
//! If you know QAPI's schema language, begin with the [`guide`]. Each attribute has a page. All
//! limits of a server are in [`guide::limits`].
//!
//! # Layers
//! The modules in reading order. Each imports from those above it and from no other:
//! - [`wire`]: QMP's dialect of JSON, bytes to values and back
//! - [`schema`]: definitions as data, the rules for a set of definitions, and the [`View`] that a
//!   client has of them
//! - `visitor`: [`Input`] and [`ObjectVisitor`], which check values against their types
//! - [`call`]: the function of a command: its context, and the writer of its return value
//! - `types`: [`QapiType`] and the other traits that map Rust types to QAPI types
//! - [`policy`]: the policy of a server's operator
//! - [`observe`]: hooks around every call, logs and metrics
//! - [`client`]: a client for QMP servers
//! - [`introspection`]: the reply to `query-qmp-schema`
//! - [`registry`]: all commands, events and types of a program
//! - [`protocol`]: the messages of QMP
//! - `events`: [`Events`], the handle that emits events to clients
//! - [`service`]: everything that the sessions of a server share
//! - [`session`]: one client's conversation, without I/O
//! - [`documentation`]: the documentation of definitions, as data
//! - [`commands`]: the framework's own commands
//! - [`server`]: sessions on sockets
//! - `testing`: sessions without a connection and clients within the process, for tests
//!
//! `macro_support` has the functions and macros that generated code calls.
//!
//! # Cargo features
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `server` | yes | [`Server`] and [`Listener`], on tokio |
//! | `client` | yes | [`client`], on tokio |
//! | `anyhow` | no | the conversion of [`Error`] to `anyhow::Error` |
//! | `metrics` | no | `observe::Metrics` and `Server::record_metrics` |
//! | `systemd` | no | `Listener::activated` and `Server::notify_readiness` |
//! | `vsock` | no | `Listener::vsock` and `server::VsockAddress`, on Linux |
//! | `test-util` | no | `testing` |
//!
//! Without features the crate has the attributes, the registry, and the [`Session`] as a state
//! machine without I/O. A program then needs no async runtime: it drives sessions from its own
//! event loop, and passes the current time to [`Events::send_due`] for rate limits.
//!
//! # Platforms
//! The tests cover Linux. On other unixes the crate compiles without abstract sockets, sockets
//! inherited by number and sockets from systemd; the module [`server`] lists the differences.
//! Windows is not supported.
//!
//! [`Session`]: session::Session

// docs.rs shows which Cargo feature an item requires.
#![cfg_attr(docsrs, feature(doc_cfg))]

// Generated code names this crate by its full path, also within this crate.
extern crate self as qapi_core;

mod attributes;
pub mod guide;
pub mod prelude;

mod clock;
mod error;
mod memory_budget;
mod messages;
mod pattern;
mod wait_queue;

pub mod wire;

pub mod schema;

mod visitor;

pub mod call;

pub mod observe;
pub mod policy;
mod types;

#[cfg(feature = "client")]
pub mod client;
pub mod introspection;
pub mod protocol;
pub mod registry;

mod events;

pub mod service;

pub mod commands;
pub mod documentation;
pub mod session;

#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "test-util")]
pub mod testing;

mod macro_support;

/// The functions and macros that generated code calls. They change without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::macro_support::*;
}

pub use attributes::{
    qapi_alternate, qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union,
};
pub use call::{OobSafe, SessionContext, StateMap};
pub use error::{Error, ErrorClass, Result};
pub use events::Events;
pub use pattern::NamePattern;
pub use policy::Policy;
pub use protocol::ServerVersion;
pub use registry::Registry;
pub use schema::definition::{Definition, Type};
pub use schema::{Projection, Release, View};
#[cfg(feature = "server")]
pub use server::{Listener, ServeError, Server};
pub use service::Service;
pub use service::preconfig::Preconfig;
pub use service::shutdown::Shutdown;
// The compiler shows these names.
#[doc(hidden)]
pub use macro_support::{HasDefault, State, need_default};
pub use types::command::{CommandError, CommandReturn, QapiCommand, Returned};
#[doc(hidden)]
pub use types::command::{CommandResult, RawArguments};
#[doc(hidden)]
pub use types::encoded::{
    Base64, EncodedMember, Microseconds, Milliseconds, Nanoseconds, Seconds,
};
pub use types::fd::FdParameter;
pub use types::member::MemberType;
pub use types::{
    Null, OpenValue, QapiBranches, QapiEnum, QapiEvent, QapiObject, QapiOpenEnum, QapiType, Size,
};
pub use visitor::{Input, MAX_VISIT_DEPTH, ObjectVisitor, Scalars};

/// The examples of the README, compiled.
#[cfg(all(doctest, feature = "server", feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;
