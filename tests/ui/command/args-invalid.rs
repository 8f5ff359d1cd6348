//! An argument whose type is no QAPI type.

use qapi_core::qapi_command;

struct Other;

#[qapi_command]
fn run(one: Other, two: (i64, i64)) {
    let _ = (one, two);
}

fn main() {}
