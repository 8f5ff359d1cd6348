//! `default` for a type that does not implement `Default`.

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
