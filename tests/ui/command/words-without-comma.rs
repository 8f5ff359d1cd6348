//! Words without a comma between them.

use qapi_core::qapi_command;

#[qapi_command(blocking allow_preconfig)]
fn run() {}

fn main() {}
