//! A condition made of a word that there is not.

use qapi_core::qapi_struct;

#[qapi_struct]
#[cfg(value("unix"))]
struct Info {
    id: String,
}

fn main() {}
