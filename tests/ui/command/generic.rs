//! A function with a generic parameter.

use qapi_core::qapi_command;

#[qapi_command]
fn run<T: Into<String>>(text: T) {
    let _ = text;
}

fn main() {}
