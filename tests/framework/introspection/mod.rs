//! What clients are told of the schema, and what the schema language would say.

mod definitions;
mod qemu;
mod query_qmp_schema;
mod schema_language;
