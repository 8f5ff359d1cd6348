//! A member with an invalid `cfg`.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[cfg(1)]
    id: String,
}

fn main() {}
