//! A string in place of a word.

use qapi_core::qapi_command;

#[qapi_command("1.0")]
fn run() {}

fn main() {}
