//! Documentation as a word of the attribute.

use qapi_core::qapi_struct;

#[qapi_struct(doc = "Information.")]
struct Info {
    id: String,
}

fn main() {}
