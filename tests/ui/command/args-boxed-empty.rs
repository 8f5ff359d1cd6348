//! Boxed arguments without a parameter.

use qapi_core::qapi_command;

#[qapi_command(boxed)]
fn run() {}

fn main() {}
