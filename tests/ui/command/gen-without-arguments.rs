//! No parameter for the arguments with `gen = false`.

use qapi_core::{qapi_command,qapi_struct};

#[qapi_struct]
struct RunArguments {
    first: i64,
}

#[qapi_command(gen = false)]
fn run() {}

#[qapi_command(gen = false, data = RunArguments)]
fn walk() {}

fn main() {}
