//! Words of a single argument on boxed arguments.

use qapi_core::{qapi_command,qapi_struct};

#[qapi_struct]
struct RunArguments {
    first: i64,
}

#[qapi_command(boxed)]
fn run(#[qapi(name = "all", since = "1.0")] arguments: RunArguments) {
    let _ = arguments;
}

fn main() {}
