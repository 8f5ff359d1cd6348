//! A deadline of a function that nothing can interrupt.

use qapi_core::qapi_command;

#[qapi_command(deadline = "5s")]
fn disk_check() {}

fn main() {}
