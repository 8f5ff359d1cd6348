//! An alias of a struct, for one that has the same members.

use qapi_core::qapi_struct;

#[qapi_struct]
struct One {}

#[qapi_struct]
type Two = One;

fn main() {}
