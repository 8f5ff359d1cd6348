//! A command that returns a type that is no QAPI type.

use qapi_core::qapi_command;

struct Other;

#[qapi_command]
fn run() -> Result<Other, String> {
    Err(String::new())
}

fn main() {}
