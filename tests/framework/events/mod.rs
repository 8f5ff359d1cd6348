//! From `emit` to what clients are sent.

mod flood;
mod rate_limit;
