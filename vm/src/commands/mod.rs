//! The commands.

pub mod run_state;
pub mod snapshot;
