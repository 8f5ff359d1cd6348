//! Lets any daemon speak QMP, the QEMU Machine Protocol, by annotating plain functions and types.
//!
//! The six attributes are QAPI's six kinds of definition: [`qapi_enum`], [`qapi_struct`],
//! [`qapi_union`], [`qapi_alternate`], [`qapi_command`] and [`qapi_event`]. What they annotate is
//! registered when the program is linked; a [`Server`] serves it, and clients can query it.
//!
//! ```no_run
//! use qapi_core::prelude::*;
//! use std::sync::atomic::{AtomicI64, Ordering};
//!
//! /// How many visitors there were.
//! #[derive(Default)]
//! struct Visitors(AtomicI64);
//!
//! /// What there is to know of the visitors.
//! #[qapi_struct(since = "1.0")]
//! struct VisitorInfo { count: i64 }
//!
//! /// Counts a visitor, and tells how many there were.
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
//! Coming from QAPI, begin with the [`guide`]; the attributes have a page each.
//!
//! In reading order:
//! - [`wire`]: QMP's dialect of JSON, bytes to values and back
//! - [`descriptor`]: definitions as data; [`registry`]: all of a program's; [`schema`]: the rules
//!   that hold for them together, and introspection; [`Projection`]: all of it as of a release
//! - [`session`]: one client's conversation, without I/O; [`context`] and [`reply`]: what a
//!   command's function is given, and what becomes of what it returns
//! - [`control`]: the protocol's own commands; [`fds`]: file descriptors that clients send;
//!   [`documentation`]: what everything is for, told to clients
//! - [`policy`]: what the operator allows
//! - [`service`]: what sessions share; [`server`]: sessions on sockets
//! - [`client`]: the other end; [`mod@test`]: the other end in the tests of a daemon

// The macros name this crate by its full path, also where it uses them itself.
extern crate self as qapi_core;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod attributes;
pub mod client;
pub mod context;
pub mod control;
mod describe;
pub mod descriptor;
mod dispatch;
pub mod documentation;
mod error;
mod events;
pub mod fds;
pub mod guide;
mod messages;
mod oob;
pub mod policy;
mod preconfig;
pub mod prelude;
mod projection;
pub mod registry;
pub mod reply;
pub mod schema;
pub mod server;
pub mod service;
pub mod session;
mod shutdown;
mod stand_in;
pub mod test;
mod types;
mod version;
mod visitor;
mod wait_queue;
pub mod wire;

pub use attributes::{
    qapi_alternate, qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union,
};
pub use descriptor::{Definition, Type};
pub use error::{Error, ErrorClass, Result};
pub use events::Events;
pub use oob::OobSafe;
pub use policy::Policy;
pub use preconfig::Preconfig;
pub use projection::{Projection, Release};
pub use registry::Registry;
pub use server::{Listener, ServeError, Server};
pub use service::Service;
pub use session::SessionContext;
pub use shutdown::Shutdown;
pub use types::{
    MemberType, Null, OpenValue, QapiBranches, QapiEnum, QapiEvent, QapiObject, QapiOpenEnum,
    QapiType, Size,
};
pub use version::ServerVersion;
pub use visitor::{Input, ObjectVisitor, Scalars};

/// The examples of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
