//! A parameter with `session` of another type.

use qapi_core::qapi_command;

#[qapi_command]
fn run(#[qapi(session)] session: &String) {
    let _ = session;
}

fn main() {}
