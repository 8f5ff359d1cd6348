//! For tests: nodes on storage that a test can stop.

mod gate;
mod slow_flush;

pub use gate::Gate;
pub use slow_flush::add_slow_to_flush;
