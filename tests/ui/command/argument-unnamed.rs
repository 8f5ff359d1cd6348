//! Arguments without a name.

use qapi_core::qapi_command;

#[qapi_command]
fn run(_: i64, (one, two): (i64, i64)) {
    let _ = (one, two);
}

fn main() {}
