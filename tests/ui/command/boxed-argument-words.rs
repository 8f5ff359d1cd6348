//! Words of one argument on what stands for all.

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
