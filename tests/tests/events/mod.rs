//! From `emit` to what clients are sent.

mod rate_limit;
