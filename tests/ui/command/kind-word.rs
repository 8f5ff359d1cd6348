//! The name as the schema language gives it.

use qapi_core::qapi_command;

#[qapi_command(command = "run")]
fn run(options: i64) {
    let _ = options;
}

fn main() {}
