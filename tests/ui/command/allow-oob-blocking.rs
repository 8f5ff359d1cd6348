//! An out-of-band command that may block.

use qapi_core::qapi_command;

#[qapi_command(allow_oob, blocking)]
fn run() {}

fn main() {}
