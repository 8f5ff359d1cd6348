//! Words of a definition on a newtype.

use qapi_core::qapi_struct;

#[qapi_struct(transparent, name = "Named", since = "1.0")]
struct Name(#[qapi(name = "name")] String);

fn main() {}
