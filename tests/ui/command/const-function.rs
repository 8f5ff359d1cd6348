//! A `const` function.

use qapi_core::qapi_command;

#[qapi_command]
const fn run() {}

fn main() {}
