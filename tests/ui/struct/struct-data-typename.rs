//! A type alias in place of a second struct.

use qapi_core::qapi_struct;

#[qapi_struct]
struct One {}

#[qapi_struct]
type Two = One;

fn main() {}
