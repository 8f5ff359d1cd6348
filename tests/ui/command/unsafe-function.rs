//! An `unsafe` function.

use qapi_core::qapi_command;

#[qapi_command]
unsafe fn run() {}

fn main() {}
