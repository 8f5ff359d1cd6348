//! A newtype of an optional type.

use qapi_core::qapi_struct;

#[qapi_struct(transparent)]
struct Name(Option<String>);

fn main() {}
