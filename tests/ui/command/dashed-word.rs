//! Words with dashes, as in the schema language.

use qapi_core::qapi_command;

#[qapi_command(allow-oob, success-response = false, no-such-word = 1)]
fn run() {}

fn main() {}
