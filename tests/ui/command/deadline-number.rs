//! A number as the deadline.

use qapi_core::qapi_command;

#[qapi_command(blocking, deadline = 5)]
fn start() {}

fn main() {}
