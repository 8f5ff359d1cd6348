//! An argument with a lifetime.

use qapi_core::qapi_command;

#[qapi_command]
fn run(text: &'static str, other: Option<&'static str>) {
    let _ = (text, other);
}

fn main() {}
