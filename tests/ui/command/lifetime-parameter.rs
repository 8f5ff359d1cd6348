//! A function with a lifetime parameter.

use qapi_core::qapi_command;

#[qapi_command]
fn run<'a>(text: &'a str) {
    let _ = text;
}

fn main() {}
