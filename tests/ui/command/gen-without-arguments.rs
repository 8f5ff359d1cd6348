//! Nothing that would take the arguments as they come.

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
