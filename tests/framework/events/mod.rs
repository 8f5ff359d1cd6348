//! From `emit` to what clients are sent.

mod rate_limit;
mod slow_client;
