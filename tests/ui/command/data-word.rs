//! The schema language's words for what a function shows.

use qapi_core::qapi_command;

#[qapi_command(data = "Options", returns = "int", command = "run")]
fn run(options: i64) -> i64 {
    options
}

fn main() {}
