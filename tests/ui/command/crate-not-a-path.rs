//! A `crate` that is no path.

use qapi_core::qapi_command;

#[qapi_command(crate = "qapi_core")]
fn run() {}

fn main() {}
