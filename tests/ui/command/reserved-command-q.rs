//! A command with a reserved name.

use qapi_core::qapi_command;

#[qapi_command]
fn q_unix() {}

fn main() {}
