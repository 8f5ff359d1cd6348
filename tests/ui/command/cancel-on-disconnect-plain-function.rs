//! Cancellation of a function that nothing can interrupt.

use qapi_core::qapi_command;

#[qapi_command(cancel_on_disconnect)]
fn disk_check() {}

fn main() {}
