//! A newtype with two fields.

use qapi_core::qapi_struct;

#[qapi_struct(transparent)]
struct Name(String, u64);

fn main() {}
