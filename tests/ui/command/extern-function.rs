//! A function with the interface of C.

use qapi_core::qapi_command;

#[qapi_command]
extern "C" fn run() {}

fn main() {}
