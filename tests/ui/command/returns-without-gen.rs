//! What clients are told that is returned, beside what the function says.

use qapi_core::qapi_command;

#[qapi_command(returns = Vec<String>)]
fn run() {}

fn main() {}
