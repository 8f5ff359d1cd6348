//! The registry: queries, and rules for the whole schema.

mod conflicts;
mod control_schema;
mod job_schema;
mod lookup;
