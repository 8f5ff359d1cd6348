//! A name with a letter that cannot be seen.

use qapi_core::qapi_command;

#[qapi_command(name = "\u{7f}")]
fn run() {}

fn main() {}
