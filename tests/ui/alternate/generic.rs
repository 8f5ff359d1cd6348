//! An alternate with a generic parameter.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice<T> {
    One(T),
}

fn main() {}
