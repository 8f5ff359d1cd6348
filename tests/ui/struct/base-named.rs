//! A base with words of a member.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Base {
    id: String,
}

#[qapi_struct]
struct Info {
    #[qapi(base, name = "base", since = "1.0")]
    base: Base,
}

fn main() {}
