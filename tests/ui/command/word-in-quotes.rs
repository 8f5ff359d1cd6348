//! A word in quotes.

use qapi_core::qapi_command;

#[qapi_command("since" = "1.0")]
fn eject() {}

fn main() {}
