//! A command with the name of a built-in type.

use qapi_core::qapi_command;

#[qapi_command]
fn int() {}

fn main() {}
