//! A default of an optional member.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(default = 3)]
    tries: Option<i64>,
}

fn main() {}
