//! An array as a member.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Address {
    bytes: [u8; 4],
}

fn main() {}
