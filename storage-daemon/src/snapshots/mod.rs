//! Snapshots of nodes, as actions of transactions.

pub mod external;
pub mod internal;
