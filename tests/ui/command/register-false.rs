//! `register = false` on a command.

use qapi_core::qapi_command;

/// Blinks.
#[qapi_command(register = false)]
fn blink() {}

fn main() {}
