//! A file descriptor of a type that is none.

use qapi_core::qapi_command;

#[qapi_command]
fn run(#[qapi(fd)] image: String) {
    let _ = image;
}

fn main() {}
