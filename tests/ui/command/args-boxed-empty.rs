//! Boxed arguments that are none.

use qapi_core::qapi_command;

#[qapi_command(boxed)]
fn run() {}

fn main() {}
