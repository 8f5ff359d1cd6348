//! The names that most files with annotations use: `use qapi_core::prelude::*;`.

#[cfg(feature = "server")]
pub use crate::Server;
pub use crate::attributes::{
    qapi_alternate, qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union,
};
pub use crate::{Events, SessionContext};
