//! By exception the name of a command has underscores, and nothing else.

use qapi_core::qapi_command;

#[qapi_command(name = "runNow", name_exception)]
fn run_now() {}

fn main() {}
