//! A struct with generic parameters.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info<'a, T>
where
    T: Clone,
{
    id: &'a T,
}

fn main() {}
