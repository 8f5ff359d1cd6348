//! What clients are told, beside what the function says.

use qapi_core::{qapi_command,qapi_struct};

#[qapi_struct]
struct RunArguments {
    first: i64,
}

#[qapi_command(data = RunArguments, returns = Vec<String>)]
fn run(first: i64) {
    let _ = first;
}

fn main() {}
