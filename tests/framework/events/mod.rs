//! Events, from `emit` to the clients.

mod rate_limit;
mod slow_client;
