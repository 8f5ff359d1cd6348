//! A parameter with `fd` whose type is no file descriptor.

use qapi_core::qapi_command;

#[qapi_command]
fn run(#[qapi(fd)] image: String) {
    let _ = image;
}

fn main() {}
