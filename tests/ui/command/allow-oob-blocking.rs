//! An out-of-band command that is blocking.

use qapi_core::qapi_command;

#[qapi_command(allow_oob, blocking)]
fn run() {}

fn main() {}
