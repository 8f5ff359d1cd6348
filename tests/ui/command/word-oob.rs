//! Half of a word.

use qapi_core::qapi_command;

#[qapi_command(oob)]
fn start() {}

fn main() {}
