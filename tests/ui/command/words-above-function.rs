//! `#[qapi(…)]` above the attribute of a function.

use qapi_core::qapi_command;

#[qapi(name = "start")]
#[qapi_command]
fn run() {}

fn main() {}
