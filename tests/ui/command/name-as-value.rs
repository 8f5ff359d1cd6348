//! A name as the value of the attribute.

use qapi_core::qapi_command;

#[qapi_command = "start"]
fn run() {}

fn main() {}
