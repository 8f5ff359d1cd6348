//! A command with a client that returns a type that is no QAPI type.

use qapi_core::qapi_command;

struct Other;

#[qapi_command(client)]
fn run() -> Result<Other, String> {
    Err(String::new())
}

#[qapi_command(client)]
async fn run_all() -> Vec<Other> {
    Vec::new()
}

fn main() {}
