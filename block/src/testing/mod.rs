//! Test support: nodes whose storage a test can block. Requires the feature `test-util`.

mod gate;
mod slow_flush;

pub use gate::Gate;
pub use slow_flush::add_slow_to_flush;
