//! An invalid version of a feature.

use qapi_core::prelude::*;

/// What is there.
#[qapi_struct]
struct Disk {
    /// Its name.
    #[qapi(features(deprecated(since = "lately")))]
    name: String,
}

fn main() {}
