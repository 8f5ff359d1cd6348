//! An unknown word in the parentheses of a feature.

use qapi_core::prelude::*;

/// What is there.
#[qapi_struct]
struct Disk {
    /// Its name.
    #[qapi(features(deprecated(sinse = "6.2"), odd = "It is."))]
    name: String,
}

fn main() {}
