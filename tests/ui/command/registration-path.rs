//! A registration that is a path of several names.

use qapi_core::qapi_command;

mod registrations {}

/// Blinks.
#[qapi_command(registration = registrations::BLINK)]
fn blink() {}

fn main() {}
