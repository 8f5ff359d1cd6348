//! An argument for longer than the call.

use qapi_core::qapi_command;

#[qapi_command]
fn run(text: &'static str, other: Option<&'static str>) {
    let _ = (text, other);
}

fn main() {}
