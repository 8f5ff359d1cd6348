//! Two discriminators.

use qapi_core::qapi_union;

#[qapi_union]
struct Node {
    #[qapi(discriminator)]
    kind: One,
    #[qapi(discriminator)]
    other: Two,
}

fn main() {}
