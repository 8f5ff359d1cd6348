//! Members without names.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info(String, i64);

fn main() {}
