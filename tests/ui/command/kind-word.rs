//! The name as in the schema language.

use qapi_core::qapi_command;

#[qapi_command(command = "run")]
fn run(options: i64) {
    let _ = options;
}

fn main() {}
