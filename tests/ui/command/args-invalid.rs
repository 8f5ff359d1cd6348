//! An argument of a type that is none of QAPI.

use qapi_core::qapi_command;

struct Other;

#[qapi_command]
fn run(one: Other, two: (i64, i64)) {
    let _ = (one, two);
}

fn main() {}
