//! Exempt events without a rate limit.

use qapi_core::qapi_event;

#[qapi_event(exempt = LevelChanged::is_high)]
struct LevelChanged {
    level: u8,
}

impl LevelChanged {
    fn is_high(&self) -> bool {
        self.level > 90
    }
}

fn main() {}
