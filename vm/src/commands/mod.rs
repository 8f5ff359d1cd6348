//! The commands.

pub mod run_state;
