//! A newtype of what may be absent.

use qapi_core::qapi_struct;

#[qapi_struct(transparent)]
struct Name(Option<String>);

fn main() {}
