//! Core of the QAPI framework: serves and introspects what the attribute macros register.

// The macros name this crate by its full path, also where it uses them itself.
extern crate self as qapi_core;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod context;
pub mod control;
pub mod descriptor;
mod dispatch;
mod error;
mod events;
mod messages;
pub mod prelude;
pub mod registry;
pub mod reply;
pub mod schema;
pub mod server;
pub mod service;
pub mod session;
mod shutdown;
mod types;
mod version;
mod visitor;
pub mod wire;

pub use descriptor::{Definition, Type};
pub use error::{Error, ErrorClass, Result};
pub use events::Events;
pub use qapi_macros::{
    qapi_alternate, qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union,
};
pub use registry::Registry;
pub use server::{Listener, Server};
pub use service::Service;
pub use session::SessionContext;
pub use shutdown::Shutdown;
pub use types::{MemberType, Null, QapiBranches, QapiEvent, QapiObject, QapiType};
pub use version::ServerVersion;
pub use visitor::{Input, ObjectVisitor, Scalars};
