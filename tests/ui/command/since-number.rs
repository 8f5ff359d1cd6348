//! A number as the version.

use qapi_core::qapi_command;

#[qapi_command(since = 1.0)]
fn start() {}

fn main() {}
