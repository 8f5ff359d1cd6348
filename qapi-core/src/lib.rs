//! Core of the QAPI framework: serves and introspects what the attribute macros register.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod context;
pub mod descriptor;
mod error;
mod messages;
pub mod registry;
pub mod reply;
pub mod schema;
pub mod session;
mod shutdown;
mod types;
mod visitor;
pub mod wire;

pub use descriptor::{Definition, Type};
pub use error::{Error, ErrorClass, Result};
pub use session::SessionContext;
pub use shutdown::Shutdown;
pub use types::{MemberType, Null, QapiBranches, QapiEvent, QapiObject, QapiType};
pub use visitor::{Input, ObjectVisitor, Scalars};
