//! An argument of the unit type.

use qapi_core::qapi_command;

#[qapi_command]
fn run(nothing: ()) {
    let _ = nothing;
}

fn main() {}
