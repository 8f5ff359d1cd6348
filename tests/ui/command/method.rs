//! A function with a receiver.

use qapi_core::qapi_command;

#[qapi_command]
fn run(&self) {}

fn main() {}
