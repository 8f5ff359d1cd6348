//! The attribute of a command on a struct.

use qapi_core::qapi_command;

#[qapi_command]
struct Run {
    one: i64,
}

fn main() {}
