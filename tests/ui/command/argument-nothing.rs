//! An argument that carries nothing.

use qapi_core::qapi_command;

#[qapi_command]
fn run(nothing: ()) {
    let _ = nothing;
}

fn main() {}
