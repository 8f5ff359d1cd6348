//! Representations of a schema: the reply to `query-qmp-schema`, and the schema language.

mod definitions;
mod qemu;
mod query_qmp_schema;
mod schema_language;
