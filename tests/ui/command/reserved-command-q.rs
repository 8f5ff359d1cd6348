//! A command whose name is kept for the generator.

use qapi_core::qapi_command;

#[qapi_command]
fn q_unix() {}

fn main() {}
