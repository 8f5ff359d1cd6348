//! An out-of-band command that is `async`.

use qapi_core::qapi_command;

#[qapi_command(allow_oob)]
async fn run() {}

fn main() {}
