//! Unknown words.

use qapi_core::qapi_struct;

#[qapi_struct(bogus = 3, phony(1, 2), since = "1.0")]
struct Info {
    id: String,
}

fn main() {}
