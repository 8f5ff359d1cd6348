//! `success_response = true`.

use qapi_core::qapi_command;

#[qapi_command(success_response = true)]
fn run() {}

fn main() {}
