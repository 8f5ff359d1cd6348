//! A function that is awaited and blocks.

use qapi_core::qapi_command;

#[qapi_command(blocking)]
async fn run() {}

fn main() {}
