//! An `async` function with `blocking`.

use qapi_core::qapi_command;

#[qapi_command(blocking)]
async fn run() {}

fn main() {}
