//! A comment that describes a member of boxed arguments.

use qapi_core::{qapi_command, qapi_struct};

#[qapi_struct]
struct RunArguments {
    first: i64,
}

/// Runs.
///
/// @first: where it begins
#[qapi_command(boxed)]
fn run(arguments: RunArguments) {
    let _ = arguments.first;
}

fn main() {}
