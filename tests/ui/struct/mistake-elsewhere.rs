//! A mistake in one definition, which causes no errors in definitions that use it.

use qapi_core::{qapi_command, qapi_struct};

#[qapi_struct(sinse = "1.0")]
struct Inner {
    id: String,
}

#[qapi_struct]
struct Outer {
    inner: Inner,
    others: Vec<Inner>,
}

#[qapi_command(boxed)]
fn run(inner: Inner) -> Vec<Inner> {
    vec![inner]
}

fn main() {}
