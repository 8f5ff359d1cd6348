//! A flag with a value.

use qapi_core::qapi_command;

#[qapi_command(allow_preconfig = false)]
fn run() {}

fn main() {}
