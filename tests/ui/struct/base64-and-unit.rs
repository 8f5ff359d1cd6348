//! A member with `base64` and `unit`.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(base64, unit = "ms")]
    timeout: Vec<u8>,
}

fn main() {}
