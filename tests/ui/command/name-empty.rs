//! An empty name.

use qapi_core::qapi_command;

#[qapi_command(name = "")]
fn run() {}

fn main() {}
