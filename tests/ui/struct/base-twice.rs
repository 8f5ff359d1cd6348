//! Two bases.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(base)]
    base: One,
    #[qapi(base)]
    other: Two,
}

fn main() {}
