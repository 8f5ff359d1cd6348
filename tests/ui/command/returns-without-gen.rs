//! `returns` without `gen = false`.

use qapi_core::qapi_command;

#[qapi_command(returns = Vec<String>)]
fn run() {}

fn main() {}
