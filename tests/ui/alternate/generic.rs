//! An alternate with a parameter.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice<T> {
    One(T),
}

fn main() {}
