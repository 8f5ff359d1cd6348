//! A function that is not safe to call.

use qapi_core::qapi_command;

#[qapi_command]
unsafe fn run() {}

fn main() {}
