//! An out-of-band command that is awaited.

use qapi_core::qapi_command;

#[qapi_command(allow_oob)]
async fn run() {}

fn main() {}
