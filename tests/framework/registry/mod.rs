//! The registry: queries, rules for the whole schema, and the schemas of the framework's packages.

mod conflicts;
mod control_schema;
mod job_schema;
mod lookup;
