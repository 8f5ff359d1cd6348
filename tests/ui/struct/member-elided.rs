//! Members of borrowed types without a lifetime.

use qapi_core::qapi_struct;

use std::borrow::Cow;

#[qapi_struct]
struct Info {
    name: &str,
    other: Option<&str>,
    names: Vec<&str>,
    text: Cow<str>,
}

fn main() {}
