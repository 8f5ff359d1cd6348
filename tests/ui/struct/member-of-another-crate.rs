//! A type that the crate cannot annotate.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Peer {
    places: std::num::NonZeroU8,
}

fn main() {}
