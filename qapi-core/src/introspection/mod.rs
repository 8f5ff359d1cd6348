//! The schema as clients see it: `query-qmp-schema` (QAPI code generator documentation, "Client
//! JSON Protocol introspection").

pub mod info;
pub(crate) mod introspect;

pub use introspect::{Mask, introspect};
