//! A name with a control character.

use qapi_core::qapi_command;

#[qapi_command(name = "\u{7f}")]
fn run() {}

fn main() {}
