//! Fixtures of several parts: sessions, registries, definitions and recorded exchanges.

pub(crate) mod definitions;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod recorded_exchanges;
pub(crate) mod registry;
pub(crate) mod schema_file;
pub(crate) mod session;
