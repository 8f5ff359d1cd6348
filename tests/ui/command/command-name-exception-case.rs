//! A command name with upper case letters, which `name_exception` does not permit.

use qapi_core::qapi_command;

#[qapi_command(name = "runNow", name_exception)]
fn run_now() {}

fn main() {}
