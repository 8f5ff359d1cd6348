//! What a file with annotations needs: `use qapi_core::prelude::*;`.

pub use crate::{Events, Server, SessionContext};
pub use qapi_macros::{qapi_command, qapi_enum, qapi_event, qapi_struct};
