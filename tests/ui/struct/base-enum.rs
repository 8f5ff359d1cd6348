//! A base that is an enum.

use qapi_core::{qapi_enum, qapi_struct};

#[qapi_enum]
enum Level {
    Low,
}

#[qapi_struct]
struct Info {
    #[qapi(base)]
    base: Level,
}

fn main() {}
