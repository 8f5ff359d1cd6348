//! The default of a type that has none.

use qapi_core::{qapi_enum, qapi_struct};

#[qapi_enum]
enum Mode {
    Off,
    On,
}

#[qapi_struct]
struct Info {
    #[qapi(default)]
    mode: Mode,
}

fn main() {}
