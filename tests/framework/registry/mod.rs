//! The registry: what it finds, and what it refuses.

mod conflicts;
mod control_schema;
mod job_schema;
mod lookup;
