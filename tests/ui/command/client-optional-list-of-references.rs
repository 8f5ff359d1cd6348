//! An optional list of references, with a client.

use qapi_core::qapi_command;

#[qapi_command(client)]
fn start(names: Option<&[&str]>) {
    let _ = names;
}

fn main() {}
