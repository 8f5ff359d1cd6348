//! A function with an ABI.

use qapi_core::qapi_command;

#[qapi_command]
extern "C" fn run() {}

fn main() {}
