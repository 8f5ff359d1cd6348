//! The registry: what it finds, and what it refuses.

mod conflicts;
mod lookup;
