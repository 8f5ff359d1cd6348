//! A flag that can only be switched off.

use qapi_core::qapi_command;

#[qapi_command(success_response = true)]
fn run() {}

fn main() {}
