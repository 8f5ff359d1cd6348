//! The schema as `query-qmp-schema` returns it, and in the schema language.

mod definitions;
mod qemu;
mod query_qmp_schema;
mod schema_language;
